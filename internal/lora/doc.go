// Package lora holds low-rank adapters (Hu et al. 2021, arXiv:2106.09685): for a linear layer y = W x it adds
// scale · B (A x), with A [rank, in], B [out, rank] and scale = alpha / rank. W stays frozen and [out, in] is never built.
//
// In: a decoder and a Config. Out: the hook that model.Scope.Adapt wants, and files as PEFT writes them
// (adapter_config.json, adapter_model.safetensors), which PEFT loads and which this package loads from PEFT.
// A, B, and whatever an optimizer keeps of them, are always float32.
package lora
