// Package serve answers OpenAI-compatible HTTP requests with a model and its adapters.
//
// In: chat and completion requests (/v1/chat/completions, /v1/completions, streamed or whole). Out: text, token by token as the
// model makes it, with log-probabilities where asked for; echo scores the prompt, so that evaluation harnesses can use it.
//
// One scheduler owns the model: a fixed number of rows runs at once, so many more wait, the rest is told to come back (429). A
// client that goes away frees its row. What users and tools say in a chat is text: special tokens in it are spelled out, never
// obeyed; a prompt to complete is taken as it stands.
// Promised: an answer depends on the request and its seed, not on what else is being answered (up to the order of float sums).
//
// To add an endpoint: one file with its request, its reply and a line in Handler.
package serve
