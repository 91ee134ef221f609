// Asks a server each case with each client, all at once, and prints what each client was told, as JSON.
// The first words of a question name the case and the client: the upstream of the test answers by the case.
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, isStepCount, jsonSchema, Output, streamText, tool } from "ai";
import OpenAI from "openai";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";

const [address, limited, model, picture] = process.argv.slice(2);
const dataUrl = `data:image/png;base64,${picture}`;
const city = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const colour = z.object({ colour: z.string() });

const base = (where) => ({ baseURL: `http://${where}/v1`, apiKey: "KEY" });
const failed = (error) => ({
  name: error.constructor.name,
  status: error.status ?? error.statusCode ?? null,
  code: error.code ?? error.data?.error?.code ?? error.error?.code ?? null,
  wait: error.headers?.get?.("retry-after") ?? error.responseHeaders?.["retry-after"] ?? null,
});

function openaiChat(where = address) {
  const client = new OpenAI({ ...base(where), maxRetries: 0 });
  const bodyOf = (content) => ({ model, messages: [{ role: "user", content }] });
  const whole = async (body) => {
    const answer = await client.chat.completions.create(body);
    const [{ message, finish_reason }] = answer.choices;
    return { text: message.content, finish: finish_reason, tokens: answer.usage?.total_tokens };
  };
  const calling = (count) => async (question) => {
    const runner = client.chat.completions.runTools({
      ...bodyOf(question),
      tools: ["weather", "clock"].map((name) => ({
        type: "function",
        function: { name, parameters: city, parse: JSON.parse, function: (given) => ({ ...given, by: name }) },
      })),
      stream: count > 1,
    });
    const text = await runner.finalContent();
    return { text, finish: runner.allChatCompletions().at(-1).choices[0].finish_reason };
  };
  return {
    text: (question) => whole({ ...bodyOf(question), reasoning_effort: "low", max_completion_tokens: 99 }),
    async stream(question, { stops } = {}) {
      let text = "";
      let finish = null;
      const stream = await client.chat.completions.create({
        ...bodyOf(question),
        stream: true,
        stream_options: { include_usage: true },
      });
      let tokens;
      for await (const { choices, usage } of stream) {
        text += choices[0]?.delta.content ?? "";
        finish = choices[0]?.finish_reason ?? finish;
        tokens = usage?.total_tokens ?? tokens;
        if (stops && text) break;
      }
      return { text, finish, tokens };
    },
    picture: (question) =>
      whole(bodyOf([{ type: "text", text: question }, { type: "image_url", image_url: { url: dataUrl } }])),
    one: calling(1),
    three: calling(2),
    async json(question) {
      const answer = await client.chat.completions.parse({
        ...bodyOf(question),
        response_format: zodResponseFormat(colour, "colour"),
      });
      return { text: answer.choices[0].message.parsed, finish: answer.choices[0].finish_reason };
    },
  };
}

function openaiResponses(where = address) {
  const client = new OpenAI({ ...base(where), maxRetries: 0 });
  const answerOf = (response) => ({
    text: response.output_text,
    finish: response.incomplete_details?.reason ?? response.status,
    tokens: response.usage?.total_tokens,
  });
  const calling = async (question) => {
    const input = [{ role: "user", content: question }];
    const tools = ["weather", "clock"].map((name) => ({ type: "function", name, parameters: city, strict: false }));
    for (;;) {
      const response = await client.responses.create({ model, input, tools, store: false });
      const calls = response.output.filter((item) => item.type === "function_call");
      if (calls.length === 0) return answerOf(response);
      input.push(...response.output);
      for (const call of calls) {
        const output = JSON.stringify({ ...JSON.parse(call.arguments), by: call.name });
        input.push({ type: "function_call_output", call_id: call.call_id, output });
      }
    }
  };
  return {
    text: async (input) => answerOf(await client.responses.create({ model, input, max_output_tokens: 99 })),
    async stream(input, { stops } = {}) {
      let text = "";
      let last = null;
      for await (const event of await client.responses.create({ model, input, stream: true })) {
        if (event.type === "response.output_text.delta") text += event.delta;
        if (event.type === "error") throw Object.assign(new OpenAI.APIError(), { code: event.code });
        last = event.response ?? last;
        if (stops && text) break;
      }
      return { text, finish: last.incomplete_details?.reason ?? last.status, tokens: last.usage?.total_tokens };
    },
    picture: async (text) => {
      const content = [
        { type: "input_text", text },
        { type: "input_image", image_url: dataUrl, detail: "auto" },
      ];
      return answerOf(await client.responses.create({ model, input: [{ role: "user", content }], store: false }));
    },
    one: calling,
    three: calling,
    async json(input) {
      const response = await client.responses.parse({ model, input, text: { format: zodTextFormat(colour, "colour") } });
      return { text: response.output_parsed, finish: response.status };
    },
  };
}

function aiSdk(languageModel, providerOptions = {}) {
  const shared = { model: languageModel, maxRetries: 0, providerOptions };
  const answerOf = (result) => ({ text: result.text, finish: result.finishReason, tokens: result.usage.totalTokens });
  const tools = Object.fromEntries(
    ["weather", "clock"].map((name) => [
      name,
      tool({ inputSchema: jsonSchema(city), execute: (given) => ({ ...given, by: name }) }),
    ]),
  );
  return {
    text: async (prompt) => answerOf(await generateText({ ...shared, prompt, maxOutputTokens: 99 })),
    async stream(prompt, { stops } = {}) {
      const stopping = new AbortController();
      let text = "";
      let error = null;
      const result = streamText({
        ...shared,
        prompt,
        abortSignal: stopping.signal,
        onError: (event) => {
          error = event.error;
        },
      });
      for await (const piece of result.textStream) {
        text += piece;
        if (stops) stopping.abort();
      }
      if (stops) return { text };
      if (error !== null) throw error.constructor === Object ? Object.assign(new Error(), error) : error;
      return { text, finish: await result.finishReason, tokens: (await result.usage).totalTokens };
    },
    picture: async (text) => {
      const content = [
        { type: "text", text },
        { type: "file", data: picture, mediaType: "image/png" },
      ];
      return answerOf(await generateText({ ...shared, messages: [{ role: "user", content }] }));
    },
    one: async (prompt) => answerOf(await generateText({ ...shared, prompt, tools, stopWhen: isStepCount(9) })),
    three: async (prompt) => {
      const result = streamText({ ...shared, prompt, tools, stopWhen: isStepCount(9) });
      return { text: await result.text, finish: await result.finishReason };
    },
    async json(prompt) {
      const result = await generateText({ ...shared, prompt, output: Output.object({ schema: colour }) });
      return { text: result.output, finish: result.finishReason };
    },
  };
}

const CLIENTS = {
  "openai, chat": openaiChat,
  "openai, responses": openaiResponses,
  "createOpenAI, chat": (where = address) => aiSdk(createOpenAI(base(where)).chat(model)),
  "createOpenAI, responses": (where = address) =>
    aiSdk(createOpenAI(base(where))(model), { openai: { store: false } }),
  "createOpenAICompatible": (where = address) =>
    aiSdk(
      createOpenAICompatible({ name: "deltawire", includeUsage: true, supportsStructuredOutputs: true, ...base(where) })(
        model,
      ),
    ),
};
const CASES = {
  text: (client) => client.text,
  stream: (client) => client.stream,
  stop: (client) => (question) => client.stream(question, { stops: true }),
  picture: (client) => client.picture,
  one: (client) => client.one,
  three: (client) => client.three,
  json: (client) => client.json,
  refusal: (client) => client.text,
  unsafe: (client) => client.text,
  cut: (client) => client.stream,
  busy: (client) => client.text,
};
const answers = {};
const asking = [];
const ask = (name, kind, askOne) =>
  asking.push(
    askOne(`${kind} ${name}`).then(
      (answer) => {
        answers[name][kind] = answer;
      },
      (error) => {
        answers[name][kind] = failed(error);
      },
    ),
  );
for (const [name, client] of Object.entries(CLIENTS)) {
  answers[name] = {};
  for (const [kind, of] of Object.entries(CASES)) ask(name, kind, of(client()));
  ask(name, "limit", client(limited).text);
}
await Promise.all(asking);
console.log(JSON.stringify(answers));
// What a client has not closed stays open until the test has looked.
process.stdin.resume();
