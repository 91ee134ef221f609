"""The account that asks Google, and its address, by the SDK's variables."""

import pytest

from deltawire.gemini.account import Account, account_of, standin_account


@pytest.mark.parametrize(
    "version, used", [(None, "v1beta"), ("", "v1beta"), ("beta", "v1beta"), ("v1", "v1"), ("v1alpha", "v1alpha")]
)
def test_the_version_is_the_one_that_takes_all_fields_unless_another_is_named(version: str | None, used: str) -> None:
    environ = {} if version is None else {"GOOGLE_GENAI_API_VERSION": version}
    assert account_of("k", environ, vertex=False).api_version == used


def test_vertex_is_asked_for_a_project_or_with_a_key() -> None:
    project = account_of("k", {"GOOGLE_CLOUD_PROJECT": "p"}, vertex=True)
    assert (project.api_key, project.project, project.location) == (None, "p", "global")
    elsewhere = {"GOOGLE_CLOUD_PROJECT": "p", "GOOGLE_CLOUD_LOCATION": "europe-west1"}
    assert account_of(None, elsewhere, vertex=True).location == "europe-west1"
    assert (account_of("k", {}, vertex=True).api_key, account_of("k", {}, vertex=True).vertex) == ("k", True)


def test_the_standin_is_asked_past_every_proxy() -> None:
    assert standin_account("http://127.0.0.1:1").proxies is False


def test_an_account_keeps_its_key_out_of_its_repr() -> None:
    assert "secret" not in repr(Account(api_key="secret"))
