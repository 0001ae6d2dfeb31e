package answer

import (
	"slices"
	"strings"
)

// Form is how a model marks what is not content. The zero Form reads everything as content.
type Form struct {
	thoughts []marks
	calls    []marks
	bare     bool // an answer that is nothing but a call in JSON is one: Llama 3 has no marks
}

// marks stand around a part; without a close mark it ends where the next one opens or with the answer.
type marks struct {
	open, close string
	within      bool // the open mark is part of the call's own text
}

var thoughtMarks = []marks{
	{open: "<think>", close: "</think>"},                    // DeepSeek R1, Qwen3, SmolLM3, GLM 4.5
	{open: "[THINK]", close: "[/THINK]"},                    // Magistral
	{open: "<|START_THINKING|>", close: "<|END_THINKING|>"}, // Command R7B
}

var callMarks = []marks{
	{open: "<tool_call>", close: "</tool_call>"},                // Hermes, Qwen 2.5 and 3, SmolLM3; with other insides GLM 4.5, Qwen3-Coder
	{open: "[TOOL_CALLS]"},                                      // Mistral
	{open: "<｜tool▁calls▁begin｜>", close: "<｜tool▁calls▁end｜>"}, // DeepSeek V3, R1
	{open: "<|START_ACTION|>", close: "<|END_ACTION|>"},         // Command R7B
	{open: "<|tool_call|>", close: "<|/tool_call|>"},            // Phi-4-mini, Granite
	{open: "<function=", close: "</function>", within: true},    // Functionary 3.1
	{open: "<|python_tag|>"},                                    // Llama 3.1
}

// FormOf finds the form of a model: template is the text of its chat template, tokens are the tokenizer's added ones, call is
// how the template prints a turn that does nothing but call a tool ("" = it cannot).
func FormOf(template string, tokens []string, call string) *Form {
	f := &Form{bare: strings.HasPrefix(strings.TrimSpace(call), "{")}
	for _, m := range thoughtMarks {
		if strings.Contains(template, m.close) || slices.Contains(tokens, m.close) {
			f.thoughts = append(f.thoughts, m)
		}
	}
	for _, m := range callMarks {
		if strings.Contains(template, m.open) {
			f.calls = append(f.calls, m)
		}
	}
	return f
}

// Marks are the texts that must be seen to read an answer: some tokenizers leave them out of plain text as special tokens.
func (f *Form) Marks(tools bool) (texts []string) {
	all := f.thoughts
	if tools {
		all = slices.Concat(all, f.calls)
	}
	for _, m := range all {
		texts = append(texts, m.open, m.close)
	}
	if tools {
		texts = append(texts, innerMarks...)
	}
	return slices.DeleteFunc(texts, func(s string) bool { return s == "" })
}

// Thought are the marks around reasoning, "" = there are none.
func (f *Form) Thought() (marks [2]string) {
	if len(f.thoughts) > 0 {
		marks = [2]string{f.thoughts[0].open, f.thoughts[0].close}
	}
	return marks
}

// Opens reports whether a prompt leaves the model within its reasoning.
func (f *Form) Opens(prompt string) bool {
	return slices.ContainsFunc(f.thoughts, func(m marks) bool {
		at := strings.LastIndex(prompt, m.open)
		return at >= 0 && !strings.Contains(prompt[at:], m.close)
	})
}
