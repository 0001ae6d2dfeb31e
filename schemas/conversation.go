package schemas

// Conversation is the canonical training example that every record shape is converted to.
type Conversation struct {
	Origin
	Messages []Message `json:"messages"`
	Tools    string    `json:"tools"`  // JSON array of tool definitions, "" = none
	System   string    `json:"system"` // kept apart when the shape keeps it apart; rendered as the first message
	Meta     string    `json:"meta"`   // canonical JSON of the shape's own facts (template number, item number ...)
	Lang     string    `json:"lang"`   // zh, en, ...; "" = unknown
	Split    string    `json:"split"`  // the split that clean assigned
	Side     string    `json:"side"`   // of preference data: Chosen, Rejected, Desirable, Undesirable, Mismatched; "" = plain
}

// Message is one turn.
type Message struct {
	Role       string     `json:"role"` // system, user, assistant, tool
	Content    string     `json:"content"`
	Reasoning  string     `json:"reasoning"`
	ToolCalls  []ToolCall `json:"tool_calls"`
	ToolCallID string     `json:"tool_call_id"`
	LossWeight float64    `json:"loss_weight"` // 0 = not trained; assistant turns default to 1
}

// ToolCall is a call that the assistant makes; Arguments is a canonical JSON string.
type ToolCall struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}
