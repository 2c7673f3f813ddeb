package mapping

import (
	"encoding/binary"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"excs/shared/model"
)

// The twin keeps items as bytes: per attribute name, type and value, each with its length. What a caller still holds can
// so never reach into the table.

func encodeBytes(it item) []byte {
	if it == nil {
		return nil
	}
	b := make([]byte, 0, it.size()+8*len(it)+1)
	text := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	b = append(b, shardFormat)
	for _, name := range sortedKeys(it) {
		text(name)
		switch v := it[name].(type) {
		case *types.AttributeValueMemberS:
			b = append(b, 'S')
			text(v.Value)
		case *types.AttributeValueMemberN:
			b = append(b, 'N')
			text(v.Value)
		case *types.AttributeValueMemberB:
			b = append(b, 'B')
			text(string(v.Value))
		}
	}
	return b
}

// decodeBytes reads an item back; nil bytes are no item.
func decodeBytes(b []byte) (item, error) {
	if b == nil {
		return nil, nil
	}
	it := item{}
	r := headReader{b: b[1:]}
	for len(r.b) > 0 && !r.bad {
		name := string(r.take(r.number()))
		kind := string(r.take(1))
		value := string(r.take(r.number()))
		switch kind {
		case "S":
			it[name] = &types.AttributeValueMemberS{Value: value}
		case "N":
			it[name] = &types.AttributeValueMemberN{Value: value}
		default:
			it[name] = &types.AttributeValueMemberB{Value: []byte(value)}
		}
	}
	if r.bad {
		return nil, model.Errorf(model.CodeInternal, "read twin", "an item's bytes are damaged")
	}
	return it, nil
}
