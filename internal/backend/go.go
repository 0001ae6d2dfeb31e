package backend

import (
	"fmt"
	"os"
	"runtime"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"

	"fettle/internal/backend/fewrows"
)

func init() {
	register(kind{name: "go", rank: 0, open: openGo})
}

// openGo opens the pure Go backend. Its fused attention trains four times slower than plain operations, so fusion is off; its
// products of few rows are replaced by ones that are as fast as memory.
func openGo() (compute.Backend, Facts, error) {
	if err := os.Setenv("GOMLX_FUSION", "0"); err != nil {
		return nil, Facts{}, err
	}
	fewrows.Install()
	b, err := gobackend.New("")
	cores := fmt.Sprintf("%d CPU cores", runtime.GOMAXPROCS(0))
	return b, Facts{What: "pure Go on " + cores, Devices: []string{cores}}, err
}
