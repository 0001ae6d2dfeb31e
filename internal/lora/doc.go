// Package lora holds low-rank adapters (Hu et al. 2021, arXiv:2106.09685): for a linear layer y = W x + b it adds
// scale · B (A x), with A [rank, in], B [out, rank] and scale = alpha / rank. W stays frozen and [out, in] is never built.
// Also rsLoRA, DoRA, LoRA+, PiSSA, adapters of the embedding and the head, biases, and modules trained as a whole.
//
// In: a decoder and a Config. Out: what an adapter does to a model.Scope (Apply), the merged weights (Merge), and files as
// PEFT writes them (adapter_config.json, adapter_model.safetensors), which PEFT loads and which this package loads from PEFT.
//
// A new adapter: New, Attach to the weights it will train on, then train on what Residual returns. A stored one: Load.
// Everything in it, and whatever an optimizer keeps of it, is always float32. What a file says and this package does not do
// is refused, never ignored.
package lora
