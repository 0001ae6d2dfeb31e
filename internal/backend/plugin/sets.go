package plugin

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
)

// Wheel is one pinned file of the package index.
type Wheel struct {
	Package, Version string
	File             string
	SHA256           string
	Size             int64 // MB, about
}

// Set is the wheels that are installed together.
type Set struct {
	Name     string // "xla-cpu": what a user installs
	Backend  string // "xla:cpu": what it is for
	Platform string // GOOS/GOARCH of the wheels
	Wheels   []Wheel
	Library  string // the plugin, from the folder that all are unpacked into
	Disk     int64  // MB unpacked, about
	Note     string // for people
}

// Download is what there is to fetch, in MB.
func (s Set) Download() (mb int64) {
	for _, w := range s.Wheels {
		mb += w.Size
	}
	return mb
}

// The sets. CPU: JAX's plugin as the LAMMPS project packs it (PJRT API 0.115). CUDA: JAX's own (API 0.116) with the libraries
// of NVIDIA that it opens, in the versions that were current with it.
const (
	CPU         = "xla-cpu"
	CUDA        = "xla-cuda"
	CUDACompile = "xla-cuda-compile" // enough to compile for a GPU that is not there, too little to compute on one
)

var sets = []Set{
	{
		Name: CPU, Backend: "xla:cpu", Platform: "linux/amd64", Disk: 202, Library: "lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so",
		Wheels: []Wheel{
			{"lammps-jax-pjrt-cpu", "0.11.2", "lammps_jax_pjrt_cpu-0.11.2-py3-none-manylinux_2_27_x86_64.whl", "1319390d948b39f69f7dade496b7c385149d9ca6097a6b62114da113216d9ad1", 63},
		},
	},
	{
		Name: CUDA, Backend: "xla:cuda", Platform: "linux/amd64", Disk: 4000, Library: cudaLibrary, Wheels: append(slices.Clone(cudaCompiler), cudaLibraries...),
		Note: "the driver (libcuda.so.1, for CUDA 13) has to be on the machine already",
	},
	{
		Name: CUDACompile, Backend: "xla:cuda", Platform: "linux/amd64", Disk: 740, Library: cudaLibrary, Wheels: cudaCompiler,
		Note: "compiles programs for a GPU; to compute on one, install xla-cuda",
	},
}

const cudaLibrary = "jax_plugins/xla_cuda13/xla_cuda_plugin.so"

// cudaCompiler is what compiling for a GPU needs: ptxas and nvlink (nvcc), libdevice (nvvm).
var cudaCompiler = []Wheel{
	{"jax-cuda13-pjrt", "0.12.0.1", "jax_cuda13_pjrt-0.12.0.1-py3-none-manylinux_2_27_x86_64.whl", "5899bb6177eda86ea532afb9a26794f2bdd04966f6a01f9028266b16c2b6cf90", 135},
	{"nvidia-cuda-nvcc", "13.5.37", "nvidia_cuda_nvcc-13.5.37-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl", "f5c4f7ead5d964fb4af42bbf1e6d3ec3c1e6e9d83b53749f691d387e7fcaa3a7", 47},
	{"nvidia-nvvm", "13.5.37", "nvidia_nvvm-13.5.37-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl", "c41bfa362e407405163f103c2229f0765f8cc2ed7d148b754dc77f228bf7e070", 75},
}

// cudaLibraries are the other packages that jax-cuda13-plugin[with-cuda] asks for.
var cudaLibraries = []Wheel{
	{"nvidia-cublas", "13.10.0.20", "nvidia_cublas-13.10.0.20-py3-none-manylinux1_x86_64.manylinux_2_5_x86_64.whl", "dcc6d63884c53d07e267ce7e6feac17b2538cebaafec5db865736c3e28e4dc84", 444},
	{"nvidia-cudnn-cu13", "9.28.1.4", "nvidia_cudnn_cu13-9.28.1.4-py3-none-manylinux_2_27_x86_64.whl", "a54f205b1db1f2895d99f398754db1369816f0569dd459731f925635cf7b65ec", 517},
	{"nvidia-cufft", "12.5.0.14", "nvidia_cufft-12.5.0.14-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl", "b8be26837a5abad2b5b74f3e92dd29f622a42934b355be0961a48712cbba23ad", 165},
	{"nvidia-cusolver", "12.4.1.2", "nvidia_cusolver-12.4.1.2-py3-none-manylinux_2_27_x86_64.whl", "b3b8e02fd2f2df869369af075dc3a179d43f6f7b85e94632a7dce556697be044", 260},
	{"nvidia-cusparse", "12.9.4.2", "nvidia_cusparse-12.9.4.2-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl", "072667e58c851a318738f5527a12eb225cbf058803f2ea451c722d8cf8edddec", 230},
	{"nvidia-nccl-cu13", "2.32.3", "nvidia_nccl_cu13-2.32.3-py3-none-manylinux_2_27_x86_64.whl", "1459723080ac889d73a26edfa3e04383a7928ab31ac8f0ec43b3ea9548b04ff3", 305},
	{"nvidia-nvshmem-cu13", "3.8.0", "nvidia_nvshmem_cu13-3.8.0-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl", "81a4d1f666543e6d34df6d2ff940c7da1435e34e186aab6f3c2b48861b64ef38", 182},
	{"nvidia-nvjitlink", "13.5.37", "nvidia_nvjitlink-13.5.37-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl", "280d7cb9649704145f074b8dbde500de04ce02d0872e066e20a83c17bcaa93eb", 47},
	{"nvidia-cuda-nvrtc", "13.5.37", "nvidia_cuda_nvrtc-13.5.37-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl", "86b4d68058807988b7d9af5b44917a0601e9c337f35ccd657bfb3c759ff8d8bc", 58},
	{"nvidia-cuda-cupti", "13.5.25", "nvidia_cuda_cupti-13.5.25-py3-none-manylinux_2_25_x86_64.whl", "9dcca41c12a734192b14e7128ae116bc9ce1b9da686e2ebf48ae7a4415f76650", 13},
	{"nvidia-cuda-runtime", "13.5.37", "nvidia_cuda_runtime-13.5.37-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl", "df2b79a8852f10d1fef8c848489c49eebb5754051bf870202a862831412b179d", 3},
	{"nvidia-cuda-cccl", "13.3.5.0.6", "nvidia_cuda_cccl-13.3.5.0.6-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl", "d5230098fa2df5021e1a00c0c4eee41797671a91119d31e892463e5ccf3ee326", 4},
	{"nvidia-cuda-crt", "13.5.37", "nvidia_cuda_crt-13.5.37-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl", "e898b7f73d3035fa89915a3f7bf3b54a73e90249746111aed295822c4729bb29", 1},
}

// Sets are all that can be installed.
func Sets() []Set { return slices.Clone(sets) }

// SetOf gives a set by any name that people use for it: xla-cpu, xla:cpu, cpu.
func SetOf(name string) (Set, error) {
	plain := strings.ReplaceAll(strings.TrimPrefix(strings.TrimPrefix(name, "xla-"), "xla:"), ":", "-")
	var names []string
	for _, s := range sets {
		if s.Name == "xla-"+plain {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return Set{}, fmt.Errorf("plugin %q: want one of %s", name, strings.Join(names, ", "))
}

// fits says why the set is not for this machine, nil where it is.
func (s Set) fits() error {
	if here := runtime.GOOS + "/" + runtime.GOARCH; here != s.Platform {
		return fmt.Errorf("%s is pinned for %s, this machine is %s: name a plugin of your own with %s", s.Name, s.Platform, here, Variable(s.Backend))
	}
	return nil
}
