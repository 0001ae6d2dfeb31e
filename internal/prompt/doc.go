// Package prompt turns conversations into the tokens that a model reads, and tokens back into text.
//
// In: a model directory's tokenizer and chat template. Out: exactly what they give, with one difference: what users, tools and
// documents say is text. A message that spells <|im_end|> ends no turn, in chats, in evaluation and in training alike; the
// tokens around it are those of the reference.
package prompt
