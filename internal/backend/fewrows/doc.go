// Package fewrows multiplies few rows by a matrix at the speed of memory: what answering one client token by token consists of.
//
// The Go backend of GoMLX multiplies blocks of 4 by 4 and does what is left over number by number, on one core: one row times a
// matrix runs at a sixth of the memory's speed, and a matrix of more than 4 million numbers is copied first. Install puts a
// product for up to 16 rows of float32 in front of its own, which stays for all others. Promised: a row's results are the same
// bits whatever rows stand beside it (of up to 16), since each sum adds the same numbers in the same order.
package fewrows
