package eval

import (
	"errors"

	"fettle/internal/stage"
)

func openModels(j *stage.Job[Settings]) (*models, error) {
	return nil, errors.New("generation is not linked")
}
