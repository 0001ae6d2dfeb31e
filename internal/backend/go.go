package backend

import (
	"fmt"
	"os"
	"runtime"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
)

func init() {
	register(kind{name: "go", rank: 0, open: openGo})
}

// openGo opens the pure Go backend. Its fused attention trains four times slower than plain operations, so fusion is off.
func openGo() (compute.Backend, Facts, error) {
	if err := os.Setenv("GOMLX_FUSION", "0"); err != nil {
		return nil, Facts{}, err
	}
	b, err := gobackend.New("")
	cores := fmt.Sprintf("%d CPU cores", runtime.GOMAXPROCS(0))
	return b, Facts{What: "pure Go on " + cores, Devices: []string{cores}}, err
}
