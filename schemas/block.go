package schemas

// Untrained is the label of a token that is not learnt (Hugging Face's ignore index).
const Untrained = -100

// Block is one packed row of tokens, as train reads it. The four lists have the same length.
type Block struct {
	ID          int64     `json:"id"` // place in the table, from 0
	InputIDs    []int32   `json:"input_ids"`
	Labels      []int32   `json:"labels"`       // aligned with InputIDs: the token itself if it is learnt, else -100; a segment's first token never is
	PositionIDs []int32   `json:"position_ids"` // restart at 0 in every segment
	SegmentIDs  []int32   `json:"segment_ids"`  // from 1; equal numbers may attend to each other
	Segments    []Segment `json:"segments"`
}

// Segment says which conversation the tokens [Start, End) of a block came from.
type Segment struct {
	ID    string `json:"id"` // of the conversation
	Start int32  `json:"start"`
	End   int32  `json:"end"`
	Side  string `json:"side"` // of preference data (Chosen ...); a chosen segment is followed by its rejected one, a judged one by its mismatched one
}
