package tokenizer_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/tokenizer"
)

const letters = `{"type":"WordLevel","unk_token":"?","vocab":{"?":0,"a":1,"b":2,"<s>":3,"</s>":4}}`

// TestPostProcessors: what goes round one text and round two.
func TestPostProcessors(t *testing.T) {
	template := `{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
		"pair":[{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"</s>","type_id":1}},{"Sequence":{"id":"B","type_id":2}}],
		"special_tokens":{"<s>":{"id":"<s>","ids":[3],"tokens":["<s>"]},"</s>":{"id":"</s>","ids":[4,4],"tokens":["</s>","</s>"]}}}`
	for _, c := range []struct {
		name, json      string
		single, pair    []int32
		types, sequence []int
		plainTypes      []int
	}{
		{name: "none", json: `null`, single: []int32{1}, pair: []int32{1, 2}, types: []int{0, 1}, sequence: []int{0, 1}, plainTypes: []int{0, 1}},
		{name: "template", json: template, single: []int32{3, 1}, pair: []int32{1, 4, 4, 2}, types: []int{0, 1, 1, 2}, sequence: []int{0, -1, -1, 1}, plainTypes: []int{0, 2}},
		{name: "bert", json: `{"type":"BertProcessing","sep":["</s>",4],"cls":["<s>",3]}`, single: []int32{3, 1, 4}, pair: []int32{3, 1, 4, 2, 4},
			types: []int{0, 0, 0, 1, 1}, sequence: []int{-1, 0, -1, 1, -1}, plainTypes: []int{0, 1}},
		{name: "roberta", json: `{"type":"RobertaProcessing","sep":["</s>",4],"cls":["<s>",3],"trim_offsets":true,"add_prefix_space":false}`,
			single: []int32{3, 1, 4}, pair: []int32{3, 1, 4, 4, 2, 4}, types: []int{0, 0, 0, 0, 0, 0}, sequence: []int{-1, 0, -1, -1, 1, -1}, plainTypes: []int{0, 0}},
		{name: "sequence", json: `{"type":"Sequence","processors":[{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":false},` + template + `]}`,
			single: []int32{3, 1}, pair: []int32{1, 4, 4, 2}, types: []int{0, 1, 1, 2}, sequence: []int{0, -1, -1, 1}, plainTypes: []int{0, 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tok := build(t, letters, `"post_processor":`+c.json)
			special := tokenizer.Options{AddSpecial: true}
			if diff := cmp.Diff(c.single, tok.Encode("a", special)); diff != "" {
				t.Errorf("single (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]int32{1}, tok.Encode("a", tokenizer.Options{})); diff != "" {
				t.Errorf("single without (-want +got):\n%s", diff)
			}
			if got := tok.Count("a", special); got != len(c.single) {
				t.Errorf("count %d, want %d", got, len(c.single))
			}
			compareEncoding(t, tok.EncodePair("a", "b", special), c.pair, c.types, c.sequence)
			compareEncoding(t, tok.EncodePair("a", "b", tokenizer.Options{}), []int32{1, 2}, c.plainTypes, []int{0, 1})
		})
	}
}

func compareEncoding(t *testing.T, e tokenizer.Encoding, ids []int32, types, sequence []int) {
	t.Helper()
	var gotIDs []int32
	var gotTypes []int
	for i, token := range e.Tokens {
		gotIDs = append(gotIDs, token.ID)
		gotTypes = append(gotTypes, int(e.TypeIDs[i]))
		if e.Special[i] != (e.Sequence[i] < 0) {
			t.Errorf("token %d: special %v, sequence %d", i, e.Special[i], e.Sequence[i])
		}
	}
	if diff := cmp.Diff(ids, gotIDs); diff != "" {
		t.Errorf("ids of a pair (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(types, gotTypes); diff != "" {
		t.Errorf("types of a pair (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(sequence, e.Sequence); diff != "" {
		t.Errorf("sequences of a pair (-want +got):\n%s", diff)
	}
}

// TestTrimOffsets: white space at the ends of tokens is no part of their place, but for a space put there.
func TestTrimOffsets(t *testing.T) {
	model := `{"type":"BPE","vocab":{"Ġ":0,"a":1,"Ġa":2,"ĠĠ":3},"merges":["Ġ a","Ġ Ġ"]}`
	pre := `"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":true,"use_regex":true}`
	for _, c := range []struct {
		post, in string
		want     [][2]int
	}{
		{`{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":false}`, "a a", [][2]int{{0, 1}, {1, 3}}},
		{`{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true}`, "a a", [][2]int{{0, 1}, {2, 3}}},
		{`{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true}`, " a   a", [][2]int{{0, 2}, {4, 4}, {5, 6}}},
		{`{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true}`, " a", [][2]int{{1, 2}}},
	} {
		tok := build(t, model, pre, `"post_processor":`+c.post)
		got := [][2]int{}
		for _, token := range tok.EncodeOffsets(c.in, tokenizer.Options{}) {
			got = append(got, [2]int{token.Start, token.End})
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s of %q (-want +got):\n%s", c.post, c.in, diff)
		}
	}
}

// TestDecoders: text of the tokens a, b, ... of a vocabulary in that order.
func TestDecoders(t *testing.T) {
	for _, c := range []struct {
		json   string
		tokens []string
		want   string
	}{
		{`null`, []string{"a", "b"}, "a b"},
		{`{"type":"ByteLevel"}`, []string{"Hello", "Ġthere", "Ã", "©", "[P D]", "Ã"}, "Hello thereé[P D]\ufffd"},
		{`{"type":"Fuse"}`, []string{"a", "b"}, "ab"},
		{`{"type":"Replace","pattern":{"String":"_"},"content":" "}`, []string{"_a", "b_c"}, " ab c"},
		{`{"type":"Replace","pattern":{"Regex":"x+"},"content":"-"}`, []string{"axxb"}, "a-b"},
		{`{"type":"ByteFallback"}`, []string{"<0xE4>", "<0xBD>", "<0xA0>", "a", "<0xE4>", "<0xBD>", "b"}, "你a\ufffd\ufffdb"},
		{`{"type":"Strip","content":" ","start":1,"stop":1}`, []string{"  a  "}, " a "},
		{`{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"}`, []string{"▁Hey", "▁friend", "!"}, "Hey friend!"},
		{`{"type":"Metaspace","replacement":"▁","prepend_scheme":"never"}`, []string{"▁Hey", "▁friend"}, " Hey friend"},
		{`{"type":"WordPiece","prefix":"##","cleanup":true}`, []string{"##uelo", "Ara", "##új", "no", "n't", "."}, "##uelo Araúj non't."},
		{`{"type":"WordPiece","prefix":"##","cleanup":false}`, []string{"a", "."}, "a ."},
		{`{"type":"BPEDecoder","suffix":"</w>"}`, []string{"a</w>", "b", "c</w>"}, "a bc"},
		{`{"type":"CTC","pad_token":"<pad>","word_delimiter_token":"|","cleanup":true}`, strings.Fields("<pad> h <pad> e e l l <pad> l o | <pad>"), "hello "},
		{`{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]}`,
			[]string{"▁▁a", "▁", "<0xC3>", "<0xA9>"}, " a é"},
	} {
		t.Run(c.json, func(t *testing.T) {
			vocab := map[string]int32{"?": 0}
			var ids []int32
			for _, token := range c.tokens {
				if _, ok := vocab[token]; !ok {
					vocab[token] = int32(len(vocab))
				}
				ids = append(ids, vocab[token])
			}
			words, err := json.Marshal(vocab)
			if err != nil {
				t.Fatal(err)
			}
			tok := build(t, `{"type":"WordLevel","unk_token":"?","vocab":`+string(words)+`}`, `"decoder":`+c.json)
			if got := tok.Decode(append(ids, 99, -1), false); got != c.want {
				t.Errorf("%q gives %q, want %q", c.tokens, got, c.want)
			}
		})
	}
}

// TestNotKnown: a part, a setting or a form that is not known is an error that names it.
func TestNotKnown(t *testing.T) {
	for _, c := range []struct{ json, want string }{
		{`{"model":` + letters + `,"normalizer":{"type":"Upside"}}`, "Upside"},
		{`{"model":` + letters + `,"normalizer":{"type":"NFC","loudly":true}}`, "loudly"},
		{`{"model":` + letters + `,"normalizer":{"type":"Precompiled","precompiled_charsmap":"AAA="}}`, "Precompiled"},
		{`{"model":` + letters + `,"normalizer":{"type":"Prepend","prepend":""}}`, "prepend is empty"},
		{`{"model":{"type":"WordLevel","vocab":{"?":0},"unk_token":"?"},"normalizer":{"type":"Strip","strip_left":true},"added_tokens":[{"id":1,"content":" ","normalized":true}]}`, "leaves nothing"},
		{`{"model":` + letters + `,"pre_tokenizer":{"type":"Upside"}}`, "Upside"},
		{`{"model":` + letters + `,"pre_tokenizer":{"type":"Split","pattern":{"Regex":"(a)\\1"},"behavior":"Isolated"}}`, `\1`},
		{`{"model":` + letters + `,"pre_tokenizer":{"type":"Split","pattern":{"String":"a"},"behavior":"Sideways"}}`, "Sideways"},
		{`{"model":` + letters + `,"pre_tokenizer":{"type":"Split","pattern":{},"behavior":"Isolated"}}`, "neither"},
		{`{"model":` + letters + `,"pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"last"}}`, "last"},
		{`{"model":` + letters + `,"pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","add_prefix_space":false}}`, "add_prefix_space"},
		{`{"model":` + letters + `,"post_processor":{"type":"Upside"}}`, "Upside"},
		{`{"model":` + letters + `,"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x","type_id":0}}],"pair":[],"special_tokens":{}}}`, `"x"`},
		{`{"model":` + letters + `,"decoder":{"type":"Upside"}}`, "Upside"},
		{`{"model":` + letters + `,"version":"2.0"}`, "2.0"},
		{`{"model":` + letters + `,"tempo":1}`, "tempo"},
		{`{"model":` + letters + `,"added_tokens":[{"id":7,"content":"x"}]}`, "has id 7"},
		{`{"model":` + letters + `,"added_tokens":[{"id":7,"content":"a"}]}`, "has id 7"},
		{`{"model":{"type":"Upside","vocab":{}}}`, "Upside"},
		{`{"model":{"type":"BPE","vocab":{"a":0},"merges":["a a a"]}}`, "merge 0"},
		{`{"model":{"type":"BPE","vocab":{"a":0},"merges":["a a"]}}`, "merge 0"},
		{`{"model":{"type":"BPE","vocab":{"a":0},"merges":[],"dropout":0.1}}`, "dropout"},
		{`{"model":{"type":"BPE","vocab":{"a":0},"merges":[],"unk_token":"?"}}`, `"?"`},
		{`{"model":{"type":"Unigram","vocab":[["a",0.0]],"unk_id":null}}`, "unk_id"},
		{`{"model":{"type":"Unigram","vocab":[["a",0.0]],"unk_id":4}}`, "unk_id"},
		{`{"model":{"type":"WordPiece","vocab":{"a":0},"unk_token":"[UNK]"}}`, "[UNK]"},
		{`nothing`, "invalid"},
		{`{}`, "model"},
	} {
		_, err := tokenizer.Parse([]byte(c.json))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.120s: error %v does not name %s", c.json, err, c.want)
		}
	}
	if _, err := tokenizer.Load(t.TempDir()); err == nil || !strings.Contains(err.Error(), "tokenizer.json") {
		t.Errorf("empty folder: error %v does not say what was looked for", err)
	}
}
