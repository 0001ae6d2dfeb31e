package chat

import "fettle/schemas"

// Mask finds for each token the span it is trained for: the index into spans of the one that holds the token's bytes wholly,
// -1 when none does, so a token that straddles the border of a span is not trained. at gives a token's bytes [start, end) in
// the text; both run in order.
func Mask[T any](spans []Span, tokens []T, at func(T) (start, end int)) []int {
	out := make([]int, len(tokens))
	next := 0
	for i, token := range tokens {
		start, end := at(token)
		for next < len(spans) && spans[next].End <= start {
			next++
		}
		out[i] = -1
		if next < len(spans) && spans[next].Start <= start && end <= spans[next].End {
			out[i] = next
		}
	}
	return out
}

// Expand gives one conversation for each turn of the assistant that is trained: what led to it, then the turn, the only one
// trained. It is what a row needs whose rendering is Unstable.
func Expand(c schemas.Conversation) []schemas.Conversation {
	var out []schemas.Conversation
	for i, m := range c.Messages {
		if m.Role != "assistant" || m.LossWeight == 0 {
			continue
		}
		row := c
		row.Messages = append([]schemas.Message{}, c.Messages[:i+1]...)
		for j := range i {
			row.Messages[j].LossWeight = 0
		}
		out = append(out, row)
	}
	return out
}
