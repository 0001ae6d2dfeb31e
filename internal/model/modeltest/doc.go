// Package modeltest has what tests of models and of what is laid upon them share: recorded tensors, and a graph run once.
package modeltest
