package model

func init() {
	register("qwen3", absent{kvHeads: 32, headDim: 128, positions: 32768}, qwen3)
	register("qwen3_moe", absent{kvHeads: 4, positions: 32768}, qwen3MoE)
}

// qwen3 normalises q and k per head and drops Qwen 2's biases.
func qwen3(f *fields, c *Config) {
	c.qwen3Attention(f)
	f.lateWindows(c)
}

func (c *Config) qwen3Attention(f *fields) {
	bias := get(f, "attention_bias", false)
	c.QKVBias, c.OutBias = bias, bias
	c.QKNorm = HeadQKNorm
	c.everyLayer(f.rope(c, ropeDefaults{theta: 10000}))
}

// qwen3MoE puts experts into every decoder_sparse_step-th layer but those of mlp_only_layers.
func qwen3MoE(f *fields, c *Config) {
	c.qwen3Attention(f)
	f.maybeWindows(c, 4096, func(int) bool { return true })
	c.MoE = &MoE{
		Experts:   get(f, "num_local_experts", get(f, "num_experts", 128)),
		PerToken:  get(f, "num_experts_per_tok", 8),
		FFN:       get(f, "moe_intermediate_size", 768),
		Normalize: get(f, "norm_topk_prob", false),
	}
	only(f, "use_qk_norm", true) // Qwen 3 Coder's files say these of the family's only form
	only(f, "qkv_bias", false)
	only(f, "shared_expert_intermediate_size", 0)
	step := f.atLeast(1, "decoder_sparse_step", 1)
	dense := map[int]bool{}
	for _, layer := range get(f, "mlp_only_layers", []int(nil)) {
		dense[layer] = true
	}
	for i := range c.Layers {
		c.Layers[i].MoE = c.MoE.Experts > 0 && !dense[i] && (i+1)%step == 0
	}
}
