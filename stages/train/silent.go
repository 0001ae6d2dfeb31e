package train

import (
	"fmt"
	"math"
	"slices"

	"fettle/internal/model"
	"fettle/internal/safetensors"
)

// almostNothing is the share of a usual embedding's length below which one was never learnt: those of Llama 3's reserved tokens
// are smaller by many orders.
const almostNothing = 1e-3

// silent are the tokens of the data, ascending, whose embeddings in a model directory are next to nothing: the base never learnt
// them, so to an adapter that leaves embeddings alone they say nothing, and their logits are all alike.
func silent(dir string, d *data) ([]int32, error) {
	file, err := safetensors.Open(dir)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	name := model.EmbedModule + ".weight"
	info, ok := file.Info(name)
	if !ok || !info.DType.Float() || len(info.Shape) != 2 || info.Shape[0] == 0 {
		return nil, nil // the loader has its say on that
	}
	raw, err := file.Borrow(name)
	if err != nil {
		return nil, err
	}
	size := len(raw) / info.Shape[0]
	lengths := map[int32]float64{}
	for _, b := range d.blocks {
		for _, id := range b.tokens {
			if _, ok := lengths[id]; ok || int(id) >= info.Shape[0] {
				continue
			}
			row, err := safetensors.Decode(info.DType, raw[int(id)*size:(int(id)+1)*size])
			if err != nil {
				return nil, fmt.Errorf("read embedding of token %d: %w", id, err)
			}
			lengths[id] = length(row)
		}
	}
	var all []float64
	for _, l := range lengths {
		all = append(all, l)
	}
	if len(all) == 0 {
		return nil, nil
	}
	slices.Sort(all)
	usual := all[len(all)/2]
	var ids []int32
	for id, l := range lengths {
		if l < almostNothing*usual {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

func length(v []float32) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}
