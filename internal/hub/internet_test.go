package hub_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
)

// internet answers for every host without a wire: what each was asked, and with which credentials, is kept.
type internet struct {
	site func(host string) http.Handler

	mu    sync.Mutex
	asked []visit
}

type visit struct{ host, path, auth, cookie string }

func (i *internet) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if u := r.URL.User; u != nil && r.Header.Get("Authorization") == "" { // what net/http does on a wire
		password, _ := u.Password()
		r.SetBasicAuth(u.Username(), password)
	}
	i.mu.Lock()
	i.asked = append(i.asked, visit{r.URL.Host, r.URL.Path, r.Header.Get("Authorization"), r.Header.Get("Cookie")})
	i.mu.Unlock()
	w := httptest.NewRecorder()
	i.site(r.URL.Host).ServeHTTP(w, r)
	answer := w.Result()
	answer.Request = r
	return answer, nil
}

// visits are the requests for one path, and what they carried.
func (i *internet) visits(path string) (all []visit) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, v := range i.asked {
		if path == "" || v.path == path {
			all = append(all, v)
		}
	}
	return all
}
