// Package train is the fourth stage: token blocks in, an adapter (or a whole model) out.
//
// In: format's blocks and the model that its manifest names. Out: adapters/seed-<n>/ as PEFT writes them, or model/ as a
// complete Hugging Face directory; history.jsonl with every optimizer step; rowloss.arrow with what each conversation cost
// in each epoch. All of it is a pure function of the key on one backend: a run that is interrupted anywhere and started again
// ends with the same bytes as one that was not.
//
// The loss of a step is the sum over the trained tokens of its window divided by their number, however the window is cut into
// micro-batches; gradients are clipped by global norm; the optimizers and the schedules follow torch and transformers to the letter.
package train
