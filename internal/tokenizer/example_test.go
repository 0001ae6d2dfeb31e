package tokenizer_test

import (
	"fmt"
	"slices"

	"fettle/internal/tokenizer"
)

func ExampleLoad() {
	tok, err := tokenizer.Load("testdata/llama3_small")
	if err != nil {
		fmt.Println(err)
		return
	}
	ids := tok.Encode("the quick fox", tokenizer.Options{AddSpecial: true})
	fmt.Println(ids, tok.Decode(ids, true))
	// What a user writes is text, whatever it looks like.
	fmt.Println(len(tok.Encode("<|eot_id|>", tokenizer.Options{})), len(tok.Encode("<|eot_id|>", tokenizer.Options{PlainSpecial: true})))
	// Output:
	// [2000 407 578 709 275 111 120] the quick fox
	// 1 8
}

func ExampleTrain() {
	texts := slices.Values([]string{"low lower lowest", "new newer newest"})
	trained, err := tokenizer.Train(tokenizer.TrainOptions{VocabSize: 14, MinFrequency: 2}, texts)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(trained.Vocab)
	// Output:
	// [e l n o r s t w Ġ we lo ne st Ġlo]
}
