// Package chat renders conversations with a model's own chat template and says which bytes of the text are to be trained.
//
// In: a conversation (roles, contents, tool calls, tools) and the template of a model directory. Out: the text that
// transformers' apply_chat_template gives, byte for byte, and loss spans [start, end) in UTF-8 bytes of that one text.
//
// Spans follow two rules. A template with {% generation %} blocks says itself what is trained. Else a span runs from where
// the generation prompt before the assistant's turn ends to just behind the end-of-turn token, which is trained. Some
// templates rewrite earlier turns (thinking is cut once answered): Rendered.Unstable says why a row breaks the prefix
// property, for then training on the whole text differs from what the model sees turn by turn; Expand gives a row for each turn.
package chat
