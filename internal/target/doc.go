// Package target compiles programs for a GPU that is not there, and says how much of its memory they need.
//
// In goes the name of a target (h100, h200, a100, a6000) and XLA's CUDA plugin; out comes a compute.Backend that lowers and
// compiles exactly as XLA would on that GPU, cuDNN attention included, and runs nothing. Of every program that is compiled on
// it, Programs tells the memory. No GPU, no driver and no CUDA library but ptxas, nvlink and libdevice are needed.
//
// How: go-xla asks a plugin for a client, for its devices, and to compile. The table of functions that it gets here (device.c)
// answers for the device itself and hands the program to the plugin's compiler with a description of the GPU (specs/). See
// docs/decisions/012-programs-for-absent-gpus.md.
//
// A new target: a file in specs/ under its name. pjrt_c_api.h is go-xla's copy, unchanged, of XLA's interface for plugins.
package target
