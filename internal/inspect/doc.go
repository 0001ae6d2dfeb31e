// Package inspect says what a model directory holds before anything is run with it: family and size, memory needed to use and
// to tune it, its chat template and end tokens, what is odd about it, and whether it suits tuning.
//
// It reads configs, headers and the tokenizer, never the weights. Memory figures are formulas with their sources beside them,
// meant to choose a machine by, not to fill one to the last byte. Advice follows the kinds of model that users ask about and
// gives its reasons; it goes by what config, template and name show, and says so.
package inspect
