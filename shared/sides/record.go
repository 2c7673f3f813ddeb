package sides

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"excs/shared/exorg"
	"excs/shared/mapping"
	"excs/shared/model"
)

// Reader is the part of the mapping table in which the records are read.
type Reader interface {
	GetDocument(ctx context.Context, name string) ([]byte, error)
}

// Noter is the part of it in which they are written.
type Noter interface {
	Reader
	PutDocument(ctx context.Context, name string, run int64, body []byte) error
}

// The names of the documents. Both are the tenant's and stand in no organisation's space.
const (
	docSides   = "sides"
	docForeign = "foreign"
)

// Record says for whom the first plan was approved, or, where nothing in the organisation was touched by it, carried out.
type Record struct {
	// Org is the approved organisation; zero: there is none.
	Org model.Org `json:"org,omitzero"`
	// Table is the id of the table in which it was approved.
	Table string `json:"table,omitempty"`
	// Plain is the id of the organisation whose items carry no organisation in their keys; "" while none is known.
	Plain string    `json:"plain,omitempty"`
	At    time.Time `json:"at,omitzero"`
}

// Stranger is Plain when the items without organisation are of one that is not known any more.
const Stranger = "?"

// Space gives the part of the table that is the organisation's.
func (r Record) Space(org model.Org) mapping.Space {
	return mapping.Space{Org: org.ID, Plain: r.Plain == "" || r.Plain == org.ID}
}

// Bind gives a context in which the table and the EX Org are those of the organisation. The zero Org leaves the EX Org open.
func (r Record) Bind(ctx context.Context, org model.Org) context.Context {
	return exorg.Under(mapping.Under(ctx, r.Space(org)), org)
}

// tenants gives the context of what belongs to no organisation.
func tenants(ctx context.Context) context.Context {
	return mapping.Under(ctx, mapping.Space{Plain: true})
}

// Load reads the record; known is false when there is none yet.
func Load(ctx context.Context, docs Reader) (r Record, known bool, err error) {
	known, err = load(ctx, docs, docSides, &r)
	return r, known, err
}

// Save writes the record on behalf of a run.
func Save(ctx context.Context, docs Noter, run int64, r Record) error {
	return save(ctx, docs, docSides, run, r)
}

// Home binds a context to the approved organisation, for what reads the table and the EX Org without being a run. Without an
// approved one the context stays as it is.
func Home(ctx context.Context, docs Reader) (context.Context, error) {
	r, known, err := Load(ctx, docs)
	if err != nil || !known || r.Org.IsZero() {
		return ctx, err
	}
	return r.Bind(ctx, r.Org), nil
}

// Foreign says that credentials were met that lead to another organisation than the approved one.
type Foreign struct {
	Have model.Org `json:"have"`
	Want model.Org `json:"want,omitzero"`
	// Writing says that a worker met them: they are the credentials that write.
	Writing bool      `json:"writing,omitempty"`
	Since   time.Time `json:"since"`
	// At is when they were last met; a run that meets them again does not write it anew.
	At time.Time `json:"at"`
}

// Err gives the error that names both organisations.
func (f Foreign) Err(op string) error {
	return &model.Error{Code: model.CodeDenied, Op: op, Err: &model.ForeignOrg{Have: f.Have, Want: f.Want}}
}

// LoadForeign reads what was last met; nil: nothing, or it is over.
func LoadForeign(ctx context.Context, docs Reader) (*Foreign, error) {
	var f Foreign
	known, err := load(ctx, docs, docForeign, &f)
	if err != nil || !known {
		return nil, err
	}
	return &f, nil
}

// NoteForeign writes down what was met. What is known already keeps its time; it is written anew only when it says something new,
// or, of credentials that write, when it has grown old.
func NoteForeign(ctx context.Context, docs Noter, f Foreign) error {
	before, err := LoadForeign(ctx, docs)
	if err != nil {
		return err
	}
	if before != nil && before.Have.ID == f.Have.ID && before.Want.ID == f.Want.ID && before.Writing == f.Writing {
		f.Since = before.Since
		if !f.Writing || f.At.Sub(before.At) < renewed {
			return nil
		}
	}
	return save(ctx, docs, docForeign, 0, f)
}

// renewed is how old the note of a worker may grow before another refusal writes it anew.
const renewed = time.Minute

// ForgetForeign drops the note.
func ForgetForeign(ctx context.Context, docs interface {
	DeleteDocument(ctx context.Context, name string) error
}) error {
	if err := docs.DeleteDocument(tenants(ctx), docForeign); err != nil {
		return fmt.Errorf("drop the note of another organisation: %w", err)
	}
	return nil
}

func load(ctx context.Context, docs Reader, name string, v any) (known bool, err error) {
	body, err := docs.GetDocument(tenants(ctx), name)
	if model.CodeOf(err) == model.CodeNotFound {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the document %s: %w", name, err)
	}
	if err := json.Unmarshal(body, v); err != nil {
		return false, model.Errorf(model.CodeInternal, "read the document "+name, "%w", err)
	}
	return true, nil
}

func save(ctx context.Context, docs Noter, name string, run int64, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return model.Errorf(model.CodeInternal, "write the document "+name, "%w", err)
	}
	if err := docs.PutDocument(tenants(ctx), name, run, body); err != nil {
		return fmt.Errorf("write the document %s: %w", name, err)
	}
	return nil
}
