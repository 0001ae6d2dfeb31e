// Package answer reads what a model said: the reasoning, the tools called and the content that is left.
//
// In: the text of an answer, piece by piece as it comes. Out: parts of reasoning, content and whole calls, in order. How a model
// marks them is read from its chat template (FormOf): a model is only understood in the marks that its template prints.
// Promised: nothing is lost. What looks like a call and is none (broken JSON, a mark never closed, an object without a name)
// stays content as the model wrote it; in pieces or at once the parts are the same.
//
// To add a model's marks: a line in callMarks or thoughtMarks; to add a way to write calls: a case in parseCalls.
package answer
