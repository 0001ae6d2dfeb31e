// Loads an exported GGUF in a real llama.cpp (node-llama-cpp ships it prebuilt), tokenises texts, answers a chat.
//
//   npm ci --ignore-scripts && node check.mjs MODEL.gguf [EXPECT.json] [ADAPTER.gguf]
//
// EXPECT.json, if given: {"texts": [{"text", "ids"}], "next": {"ids": [...], "tokens": [...]}} - the ids that fettle gives,
// and the greedy continuation of "next.ids". Any difference is exit 3.
import { readFileSync } from "node:fs";
import { getLlama } from "node-llama-cpp";

const [path, expectPath, adapter] = process.argv.slice(2);
if (!path) {
  console.error("usage: node check.mjs MODEL.gguf [EXPECT.json] [ADAPTER.gguf]");
  process.exit(2);
}
const expect = expectPath ? JSON.parse(readFileSync(expectPath, "utf8")) : { texts: [] };
const llama = await getLlama({ gpu: false, build: "never", maxThreads: 2 });
const model = await llama.loadModel({ modelPath: path });
const context = await model.createContext({
  contextSize: 256,
  threads: 2,
  ...(adapter ? { lora: { adapters: [{ filePath: adapter, scale: 1 }] } } : {}),
});
const sequence = context.getSequence();
let wrong = 0;

for (const { text, ids } of expect.texts) {
  const got = [...model.tokenize(text, true)];
  if (JSON.stringify(got) !== JSON.stringify(ids)) {
    wrong++;
    console.error(`ids of ${JSON.stringify(text)}: llama.cpp ${got}, fettle ${ids}`);
  }
}

if (expect.next) {
  const tokens = [];
  const want = expect.next.tokens;
  for await (const token of sequence.evaluate(expect.next.ids, { temperature: 0 })) {
    tokens.push(token);
    if (tokens.length >= want.length) break;
  }
  const ended = tokens.length < want.length && model.isEogToken(want[tokens.length]); // llama.cpp keeps the end token to itself
  if (JSON.stringify(tokens) !== JSON.stringify(want.slice(0, tokens.length)) || (tokens.length < want.length && !ended)) {
    wrong++;
    console.error(`greedy tokens: llama.cpp ${tokens}, fettle ${want}`);
  }
  console.log("answer:", JSON.stringify(model.detokenize(tokens)));
}

console.log(`${expect.texts.length} texts, ${wrong} differences, llama.cpp ${llama.llamaCppRelease?.release ?? ""}`);
await llama.dispose();
process.exit(wrong ? 3 : 0);
