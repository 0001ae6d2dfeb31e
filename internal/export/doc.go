// Package export writes what was trained in the forms that other programs load, and proves each by reading it back.
//
// In: a model directory, an adapter or none, a format. Out: a folder with a PEFT adapter, merged safetensors, a GGUF model or a
// GGUF adapter, each with a model card, and an Ollama Modelfile where the model's own chat template can be said in Ollama's
// language. Adapters are merged in float32 and cast once.
//
// Nothing appears in the folder before the parity gate has passed: the written files, read back, give the same ids for a chat,
// their tensors are the codec's bytes, and the logits computed from them are those of the weights that were meant (1e-4). The
// divergence from the model before rounding is measured and refused only where a limit is set.
package export
