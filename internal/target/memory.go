package target

// Memory is what a compiled program needs on the device, in bytes.
type Memory struct {
	Arguments   int64 `json:"arguments"`
	Outputs     int64 `json:"outputs"`
	Temporaries int64 `json:"temporaries"`
	Code        int64 `json:"code"`
	Peak        int64 `json:"peak"` // the most at any moment, arguments and outputs included
}
