// llama.cpp (node-llama-cpp ships it prebuilt): prefill and decode, as fettle serve's answers are timed (bench/infer/run.py says how).
//
//   node speed.mjs JSON        prints {"ready", "prefill", "decode", "tokens"}: seconds, and the greedy answer to the short prompt
import { getLlama } from "node-llama-cpp";

const { model: modelPath, threads, short, long, new: count } = JSON.parse(process.argv[2]);
const llama = await getLlama({ gpu: false, build: "never", maxThreads: threads, logLevel: "error" });
const model = await llama.loadModel({ modelPath });
const context = await model.createContext({ contextSize: 1024, threads });
const sequence = context.getSequence();

async function answer(ids, n) {
  await sequence.clearHistory();
  const began = performance.now(), tokens = [];
  for await (const token of sequence.evaluate(ids, { temperature: 0, yieldEogToken: true })) {
    tokens.push(token);
    if (tokens.length >= n) break;
  }
  return { seconds: (performance.now() - began) / 1000, tokens };
}

await answer(short, 1);
const ready = performance.now() / 1000; // since the process began
await answer(long[0], 1);
const prefill = [], decode = [];
for (const ids of long) prefill.push((await answer(ids, 1)).seconds);
let tokens;
for (const _ of long) {
  const one = await answer(short, 1), whole = await answer(short, 1 + count);
  decode.push(whole.seconds - one.seconds);
  tokens = whole.tokens;
}
console.log(JSON.stringify({ ready, prefill, decode, tokens }));
await llama.dispose();
