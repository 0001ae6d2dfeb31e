package model

import "encoding/json"

// quantisation accepts what quant reads: the 4 bits of bitsandbytes. Which tensors are in 4 bits the file says, not the config;
// other methods store tensors that nothing here understands, or ask to quantise on load.
func (f *fields) quantisation() {
	f.used["quantization_config"] = true
	if !f.has("quantization_config") {
		return
	}
	var q struct {
		Method string `json:"quant_method"`
		Four   *bool  `json:"load_in_4bit"`
		Eight  bool   `json:"load_in_8bit"`
	}
	raw := f.raw["quantization_config"]
	if err := json.Unmarshal(raw, &q); err != nil {
		f.fault("quantization_config: %s: %v", raw, err)
		return
	}
	if four := q.Four == nil || *q.Four; (q.Method == "bitsandbytes" || q.Method == "" && q.Four != nil) && four && !q.Eight {
		return
	}
	bits := ""
	if q.Eight {
		bits = " in 8 bits"
	}
	f.fault("quantization_config: quant_method %q%s is not supported, only the 4 bits of bitsandbytes: take the model in 16 bits", q.Method, bits)
}
