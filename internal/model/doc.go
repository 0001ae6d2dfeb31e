// Package model is one decoder on GoMLX, driven by a Hugging Face config.json.
//
// In goes a model directory (config.json, safetensors); out come weights under their Hugging Face names and graph functions
// that compute hidden states, logits, token losses and cached decoding steps from weights that the caller supplies by name.
// So the same graph serves training from scratch, LoRA (Scope.Adapt), quantised weights (Scope.Base) and inference.
//
// Promised: parity with transformers to numerical noise per family (forward, gradients, packed and padded rows, cached
// decoding); every config field is understood, known to be harmless, or an error; every tensor of a checkpoint is used or
// known to be harmless; loading holds one tensor besides what the backend keeps.
//
// To add a family: one file that registers its model_type with a function from config fields to Config. Weight names follow
// from Config (params.go); only what no family has yet needs more than that.
//
// Graph functions panic with an error, as GoMLX's do; graph.Exec turns that into an error at its border.
package model
