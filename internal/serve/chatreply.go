package serve

type chatReply struct {
	ID      string       `json:"id"`
	Object  string       `json:"object"`
	Created int64        `json:"created"`
	Model   string       `json:"model"`
	Choices []chatChoice `json:"choices"`
	Usage   *usage       `json:"usage,omitempty"`
}

type chatChoice struct {
	Index    int          `json:"index"`
	Message  *chatMessage `json:"message,omitempty"`
	Delta    *chatDelta   `json:"delta,omitempty"`
	Logprobs *chatScores  `json:"logprobs"`
	Finish   *string      `json:"finish_reason"`
}

// chatMessage is a whole answer; its content is null where it only calls tools.
type chatMessage struct {
	Role      string     `json:"role"`
	Content   *string    `json:"content"`
	Reasoning string     `json:"reasoning_content,omitempty"`
	Calls     []toolCall `json:"tool_calls,omitempty"`
	Refusal   *string    `json:"refusal"`
}

type chatDelta struct {
	Role      string     `json:"role,omitempty"`
	Content   *string    `json:"content,omitempty"`
	Reasoning string     `json:"reasoning_content,omitempty"`
	Calls     []toolCall `json:"tool_calls,omitempty"`
}

type toolCall struct {
	Index    *int         `json:"index,omitempty"` // in streams
	ID       string       `json:"id,omitempty"`
	Type     string       `json:"type,omitempty"`
	Function toolFunction `json:"function"`
}

type toolFunction struct {
	Name      string `json:"name,omitempty"`
	Arguments string `json:"arguments"`
}

type chatScores struct {
	Content []chatToken `json:"content"`
	Refusal *string     `json:"refusal"`
}

type chatToken struct {
	Token   string       `json:"token"`
	Logprob float64      `json:"logprob"`
	Bytes   []int        `json:"bytes"`
	Top     *[]chatToken `json:"top_logprobs,omitempty"`
}

// chatScores are the log-probabilities of tokens in the shape of the chat API.
func (s *Server) chatScores(wanted bool, tokens []placed) *chatScores {
	if !wanted {
		return nil
	}
	out := &chatScores{Content: []chatToken{}}
	for _, t := range tokens {
		token, top := s.chatToken(t.ID, t.Logprob), []chatToken{}
		for _, c := range t.Top {
			top = append(top, s.chatToken(c.ID, c.Logprob))
		}
		token.Top = &top
		out.Content = append(out.Content, token)
	}
	return out
}

func (s *Server) chatToken(id int32, logprob float64) chatToken {
	text, raw := s.config.Models.Language.Piece(id)
	t := chatToken{Token: text, Logprob: logprob, Bytes: make([]int, len(raw))}
	for i, b := range raw {
		t.Bytes[i] = int(b)
	}
	return t
}
