"""`/folders` and `/prompts`: what a caller keeps beside the conversations."""

from litestar import Router, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from deltawire.api_docs.library_operations import (
    CHANGE_PROMPT,
    CREATE_FOLDER,
    CREATE_PROMPT,
    DELETE_BY_ID,
    LIST_FOLDERS,
    LIST_PROMPTS,
    RENAME_FOLDER,
)
from deltawire.conversations.library_schemas import (
    Folder,
    FolderList,
    Prompt,
    PromptList,
    read_folder,
    read_prompt,
    read_prompt_change,
)
from deltawire.routes.bodies import AnyRequest, json_body, owner_of
from deltawire.routes.options import allowing
from deltawire.routes.services import Services


@get("/", operation_class=LIST_FOLDERS)
async def list_folders(request: AnyRequest, services: NamedDependency[Services]) -> FolderList:
    """List the caller's folders, by name."""
    return FolderList(await services.library.folders(owner_of(request)))


@post("/", operation_class=CREATE_FOLDER)
async def create_folder(request: AnyRequest, services: NamedDependency[Services]) -> Folder:
    """Create a folder."""
    async with json_body(request, services) as body:
        new = read_folder(body)
    return await services.library.add_folder(owner_of(request), new.name)


@patch("/{folder:str}", operation_class=RENAME_FOLDER)
async def rename_folder(folder: FromPath[str], request: AnyRequest, services: NamedDependency[Services]) -> Folder:
    """Rename a folder."""
    async with json_body(request, services) as body:
        change = read_folder(body)
    return await services.library.rename_folder(owner_of(request), folder, change.name)


@delete("/{folder:str}", status_code=204, operation_class=DELETE_BY_ID)
async def delete_folder(folder: FromPath[str], request: AnyRequest, services: NamedDependency[Services]) -> None:
    """Delete a folder; its conversations stay."""
    await services.library.delete_folder(owner_of(request), folder)


@get("/", operation_class=LIST_PROMPTS)
async def list_prompts(request: AnyRequest, services: NamedDependency[Services]) -> PromptList:
    """List the caller's prompts, by name."""
    return PromptList(await services.library.prompts(owner_of(request)))


@post("/", operation_class=CREATE_PROMPT)
async def create_prompt(request: AnyRequest, services: NamedDependency[Services]) -> Prompt:
    """Keep a prompt."""
    async with json_body(request, services) as body:
        new = read_prompt(body)
    return await services.library.add_prompt(owner_of(request), new.name, new.text)


@patch("/{prompt:str}", operation_class=CHANGE_PROMPT)
async def change_prompt(prompt: FromPath[str], request: AnyRequest, services: NamedDependency[Services]) -> Prompt:
    """Change the name or the text of a prompt."""
    async with json_body(request, services) as body:
        change = read_prompt_change(body)
    return await services.library.change_prompt(owner_of(request), prompt, change)


@delete("/{prompt:str}", status_code=204, operation_class=DELETE_BY_ID)
async def delete_prompt(prompt: FromPath[str], request: AnyRequest, services: NamedDependency[Services]) -> None:
    """Delete a prompt."""
    await services.library.delete_prompt(owner_of(request), prompt)


folders = Router(
    "/folders",
    route_handlers=[
        *(allowing("/", "GET", "OPTIONS", "POST"), list_folders, create_folder),
        *(allowing("/{folder:str}", "DELETE", "OPTIONS", "PATCH"), rename_folder, delete_folder),
    ],
)
prompts = Router(
    "/prompts",
    route_handlers=[
        *(allowing("/", "GET", "OPTIONS", "POST"), list_prompts, create_prompt),
        *(allowing("/{prompt:str}", "DELETE", "OPTIONS", "PATCH"), change_prompt, delete_prompt),
    ],
)
