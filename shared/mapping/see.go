package mapping

import (
	"bytes"
	"context"
	"slices"

	"excs/shared/model"
)

// See keeps what was seen of the EX object of a row; see RowStore.
func (t *table) See(ctx context.Context, key model.Key, exID string, body []byte, codes []string) error {
	_, err := t.changeRow(ctx, "See", "keep what was seen of", key, func(r *Row) error {
		fresh := body != nil && !bytes.Equal(r.Seen, body) || codes != nil && !slices.Equal(r.SeenCodes, codes)
		if r.EXID != exID || r.Intent != nil || !fresh {
			return errUnchanged
		}
		if body != nil {
			r.Seen = slices.Clone(body)
		}
		if codes != nil {
			r.SeenCodes = slices.Clone(codes)
		}
		return nil
	})
	return err
}
