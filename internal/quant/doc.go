// Package quant keeps the matrices of frozen models in 4 bits: NF4 with or without double quantisation (Dettmers et al. 2023,
// arXiv:2305.14314), and optimizer states in 8 bits (Dettmers et al. 2021, arXiv:2110.02861), byte for byte as bitsandbytes.
//
// In: checkpoints that bitsandbytes wrote, or plain ones that are quantised as they are read, through the formats of a Set,
// which model.Loader takes. Out: the function for model.Scope.Base, which dequantises inside the graph and lets no gradient
// reach the weights; files as bitsandbytes writes them; and the float matrices, for merging.
//
// Whether a tensor is in 4 bits is read off the file, tensor by tensor: it is where its quant_state lies beside it. Lists of
// skipped modules in config.json are not consulted; dynamic checkpoints leave them out.
package quant
