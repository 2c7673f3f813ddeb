package run

import (
	"bytes"
	"context"

	"excs/shared/model"
)

// kept are the documents as a run under its lease reads them: each once. Nobody else writes them meanwhile, because whoever
// does holds the lease.
type kept struct {
	Documents
	bodies map[string][]byte // nil body: there is none
}

func newKept(docs Documents) *kept { return &kept{Documents: docs, bodies: map[string][]byte{}} }

// GetDocument reads a document, or gives what was read before.
func (k *kept) GetDocument(ctx context.Context, name string) ([]byte, error) {
	if body, known := k.bodies[name]; known {
		if body == nil {
			return nil, model.Errorf(model.CodeNotFound, "get document "+name, "there is no such document")
		}
		return bytes.Clone(body), nil
	}
	body, err := k.Documents.GetDocument(ctx, name)
	switch model.CodeOf(err) {
	case "":
		k.bodies[name] = bytes.Clone(body)
	case model.CodeNotFound:
		k.bodies[name] = nil
	}
	return body, err
}
