package eval_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/tokenizer"
	"fettle/stages/eval"
)

func TestSpeaker(t *testing.T) {
	p := newProject(t)
	dir := filepath.Join(p.root, "model")
	s, err := eval.OpenSpeaker(dir)
	p.must(err)
	tok, err := tokenizer.Load(dir)
	p.must(err)

	got, err := s.Prompt("列出文件 (ls)")
	p.must(err)
	want := tok.Encode("<|im_start|>user\n列出文件 (ls)<|im_end|>\n<|im_start|>assistant\n", tokenizer.Options{})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("prompt (-want +got):\n%s", diff)
	}

	// A document that writes a special token does not end the user's turn.
	end, ok := tok.TokenID("<|im_end|>")
	if !ok {
		t.Fatal("no <|im_end|>")
	}
	got, err = s.Prompt("what does <|im_end|> mean?")
	p.must(err)
	if n := len(slices.DeleteFunc(slices.Clone(got), func(id int32) bool { return id != end })); n != 1 {
		t.Errorf("%d turns end, want 1", n)
	}
	if text := tok.Decode(got, false); text != "<|im_start|>user\nwhat does <|im_end|> mean?<|im_end|>\n<|im_start|>assistant\n" {
		t.Errorf("the prompt reads %q", text)
	}
	if text := s.Text(append(tok.Encode(" ls -l\n", tokenizer.Options{}), end)); text != "ls -l" {
		t.Errorf("answer %q", text)
	}
}
