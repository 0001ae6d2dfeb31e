// Loads an exported GGUF in a real llama.cpp (node-llama-cpp ships it prebuilt), compares ids, answers a chat.
//
//   node check.mjs MODEL.gguf TEXTS.jsonl IDS.jsonl [ADAPTER.gguf [NEXT.json]]
//
// TEXTS has rows {"text"}, IDS the rows {"ids"} that `fettle tokens -ids` gives for them. NEXT, if given, is
// {"ids": [...], "tokens": [...]}: a prompt and fettle's greedy continuation of it. Any difference is exit 3.
import { readFileSync } from "node:fs";
import { getLlama, LlamaChatSession, JinjaTemplateChatWrapper } from "node-llama-cpp";

const [path, textsPath, idsPath, adapter, nextPath] = process.argv.slice(2);
if (!idsPath) {
  console.error("usage: node check.mjs MODEL.gguf TEXTS.jsonl IDS.jsonl [ADAPTER.gguf [NEXT.json]]");
  process.exit(2);
}
const rows = (file) => readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line));
const llama = await getLlama({ gpu: false, build: "never", maxThreads: 2, logLevel: "error" });
const model = await llama.loadModel({ modelPath: path });
const lora = adapter ? { adapters: [{ filePath: adapter, scale: 1 }] } : undefined;
const context = await model.createContext({ contextSize: 256, threads: 2, lora });
let wrong = 0;

const texts = rows(textsPath);
rows(idsPath).forEach(({ ids }, i) => {
  const got = [...model.tokenize(texts[i].text, true)];
  if (JSON.stringify(got) !== JSON.stringify(ids)) {
    wrong++;
    console.error(`ids of ${JSON.stringify(texts[i].text)}: llama.cpp ${got}, fettle ${ids}`);
  }
});

if (nextPath) {
  const { ids, tokens: want } = JSON.parse(readFileSync(nextPath, "utf8"));
  const tokens = [];
  for await (const token of context.getSequence().evaluate(ids, { temperature: 0 })) {
    tokens.push(token);
    if (tokens.length >= want.length) break;
  }
  const ended = model.isEogToken(want[tokens.length]); // llama.cpp keeps the end token to itself
  if (tokens.some((t, i) => t !== want[i]) || (tokens.length < want.length && !ended)) {
    wrong++;
    console.error(`greedy tokens: llama.cpp ${tokens}, fettle ${want}`);
  }
} else if (model.fileInfo.metadata.tokenizer?.chat_template) {
  const chatWrapper = new JinjaTemplateChatWrapper({ template: model.fileInfo.metadata.tokenizer.chat_template });
  const session = new LlamaChatSession({ contextSequence: context.getSequence(), chatWrapper });
  console.log("answer:", JSON.stringify(await session.prompt("How do I install it?", { maxTokens: 32, temperature: 0 })));
}

console.log(`${texts.length} texts, ${wrong} differences`);
await llama.dispose();
process.exit(wrong ? 3 : 0);
