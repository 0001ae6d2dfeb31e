package serve

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"

	"fettle/internal/chat"
	"fettle/internal/generate"
	"fettle/internal/jinja/py"
)

// toolChoice is what a request wants of its tools.
type toolChoice struct {
	names  []string // one of these must be called; nil = as the model likes
	finish string   // finish_reason of an answer that does: OpenAI says stop where the request names the tool
}

// forcedName is what a tool that must be called may be called: its name is put into the model's mouth.
var forcedName = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,128}$`)

// choice reads tool_choice.
func (q *chatRequest) choice(tools any) (c toolChoice, f *fault) {
	var all []string
	list, _ := tools.(py.List)
	for _, t := range list {
		function, _ := t.(*py.Dict).Get("function") // checkTools has seen them
		name, _ := function.(*py.Dict).Get("name")
		all = append(all, name.(string))
	}
	switch raw := string(q.ToolChoice); raw {
	case "", "null", `"auto"`, `"none"`:
		return c, nil
	case `"required"`:
		c = toolChoice{all, "tool_calls"}
	default:
		var named struct {
			Type     string
			Function struct{ Name string }
		}
		if json.Unmarshal(q.ToolChoice, &named) != nil || named.Type != "function" || named.Function.Name == "" {
			return c, invalid("tool_choice", `tool_choice: want "auto", "none", "required" or {"type": "function", "function": {"name": ...}}`).with(http.StatusBadRequest, "unsupported_value")
		}
		if !slices.Contains(all, named.Function.Name) {
			return c, invalid("tool_choice", "tool_choice: the tools have no function %q", named.Function.Name)
		}
		c = toolChoice{[]string{named.Function.Name}, "stop"}
	}
	switch {
	case len(all) == 0:
		return c, invalid("tool_choice", "tool_choice needs tools")
	case q.Continue || q.AddPrompt != nil && !*q.AddPrompt:
		return c, invalid("tool_choice", "tool_choice excludes continue_final_message, and needs add_generation_prompt")
	}
	for _, name := range c.names {
		if !forcedName.MatchString(name) {
			return c, invalid("tool_choice", "tool_choice: function %q: a tool that must be called has a name of letters, digits and _.:-", name)
		}
	}
	return c, nil
}

// begun renders a conversation, and behind it what begins the call of each tool that may be chosen.
func (s *Server) begun(in chat.Input, o chat.RenderOptions, names []string) (rows [][]int32, f *fault) {
	l := s.config.Models.Language
	for _, name := range names {
		opening, err := l.Opening(name, o.Vars)
		if err != nil {
			return nil, invalid("tool_choice", "tool_choice: this model cannot be made to call a tool: %v", err).with(http.StatusBadRequest, "unsupported_value")
		}
		ids, err := l.Begun(in, o, opening)
		if err != nil {
			return nil, invalid("messages", "%v", err)
		}
		if f := s.checkTokens(ids); f != nil {
			return nil, f
		}
		rows = append(rows, ids)
	}
	return rows, nil
}

// likelihoods scores how the model likes each of the beginnings: log-probabilities of the tokens in which they differ.
func (s *Server) likelihoods(ctx context.Context, e *engine, rows [][]int32) ([]float64, error) {
	out := make([]float64, len(rows))
	if len(rows) == 1 {
		return out, nil
	}
	same := 0
	for ; !slices.ContainsFunc(rows, func(r []int32) bool { return same >= len(r)-1 || r[same] != rows[0][same] }); same++ {
	}
	scored, err := s.scores(ctx, e, rows, 0)
	if err != nil {
		return nil, err
	}
	for i, row := range scored {
		for _, t := range row[same:] {
			out[i] += t.Logprob
		}
	}
	return out, nil
}

// draw chooses a beginning by its likelihood, as the request wants its tokens drawn: the likeliest, or at random by the temperature.
func draw(likelihoods []float64, sampling *generate.Sampling) int {
	best := slices.Index(likelihoods, slices.Max(likelihoods))
	if sampling == nil || sampling.TopK == 1 {
		return best
	}
	weights, sum := make([]float64, len(likelihoods)), 0.0
	for i, l := range likelihoods {
		weights[i] = math.Exp((l - likelihoods[best]) / sampling.Temperature)
		sum += weights[i]
	}
	at := rand.New(rand.NewPCG(sampling.Seed, 0)).Float64() * sum
	for i, w := range weights {
		if at -= w; at < 0 {
			return i
		}
	}
	return best
}

// forced is a call that the prompt has begun: the answer is its arguments.
type forced struct {
	name, finish string
}

// braces finds the end of an object that the brace before has opened.
type braces struct {
	depth           int // below the first
	within, escaped bool
	closed          bool
}

// take is how much of a text belongs to the object.
func (b *braces) take(text string) string {
	for i, c := range []byte(text) {
		switch {
		case b.closed:
			return text[:i]
		case b.escaped:
			b.escaped = false
		case b.within:
			b.escaped, b.within = c == '\\', c != '"'
		case c == '"':
			b.within = true
		case c == '{':
			b.depth++
		case c == '}' && b.depth == 0:
			b.closed = true
		case c == '}':
			b.depth--
		}
	}
	return text
}

// readForced turns the text of a call's arguments into deltas, as it comes; when the object is whole the answer ends.
func (r *reading) readForced(c *choice, call *forced, text string) (deltas []chatDelta) {
	n := 0
	if len(r.calls) == 0 {
		r.calls = []toolCall{{ID: callID(), Type: "function", Function: toolFunction{Name: call.name}}}
		who := r.calls[0]
		who.Index = &n
		deltas = append(deltas, chatDelta{Calls: []toolCall{who}})
		r.add(&deltas, "{")
	}
	if !r.braces.closed {
		r.add(&deltas, r.braces.take(text))
	}
	c.enough = r.braces.closed
	if c.finish == "stop" || c.enough && c.finish != "" {
		c.finish = "stop"
		if r.braces.closed {
			c.finish = call.finish
		}
	}
	return deltas
}

func (r *reading) add(deltas *[]chatDelta, arguments string) {
	if arguments == "" {
		return
	}
	n := 0
	r.calls[0].Function.Arguments += arguments
	*deltas = append(*deltas, chatDelta{Calls: []toolCall{{Index: &n, Function: toolFunction{Arguments: arguments}}}})
}
