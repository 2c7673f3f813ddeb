package mapping

import (
	"maps"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// maxItem is DynamoDB's limit of an item's size in bytes, names included.
const maxItem = 400 << 10

// item is one item of the table. Empty texts and zero numbers are not stored; values are never changed in place.
type item map[string]types.AttributeValue

func (it item) clone() item { return maps.Clone(it) }

func (it item) key() itemKey { return itemKey{it.text(AttrPK), it.text(AttrSK)} }

func (it item) text(name string) string {
	if v, ok := it[name].(*types.AttributeValueMemberS); ok {
		return v.Value
	}
	return ""
}

func (it item) setText(name, value string) {
	if value == "" {
		delete(it, name)
		return
	}
	it[name] = &types.AttributeValueMemberS{Value: value}
}

// number gives a whole number, 0 when there is none or it is not one that EXCS wrote.
func (it item) number(name string) int64 {
	v, ok := it[name].(*types.AttributeValueMemberN)
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(v.Value, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func (it item) has(name string) bool { return it[name] != nil }

func (it item) setNumber(name string, value int64) {
	if value == 0 {
		delete(it, name)
		return
	}
	it[name] = numberValue(value)
}

func numberValue(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func (it item) bytes(name string) []byte {
	if v, ok := it[name].(*types.AttributeValueMemberB); ok {
		return v.Value
	}
	return nil
}

func (it item) setBytes(name string, value []byte) {
	if len(value) == 0 {
		delete(it, name)
		return
	}
	it[name] = &types.AttributeValueMemberB{Value: value}
}

// time reads nanoseconds since the epoch; the zero time is an absent attribute.
func (it item) time(name string) time.Time {
	n := it.number(name)
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

func (it item) setTime(name string, at time.Time) {
	if at.IsZero() {
		delete(it, name)
		return
	}
	it.setNumber(name, at.UnixNano())
}

// expire sets the epoch second from which the item counts as gone; the zero time takes it off.
func (it item) expire(at time.Time) {
	if at.IsZero() {
		delete(it, AttrTTL)
		return
	}
	it.setNumber(AttrTTL, at.Unix())
}

// expired says whether the item's time is over. DynamoDB removes expired items days later (FACTS A7), so every
// read asks.
func (it item) expired(now time.Time) bool {
	at := it.number(AttrTTL)
	return at != 0 && at <= now.Unix()
}

// size is the item's size by DynamoDB's rules: names and values in bytes, numbers at about half a byte a digit.
func (it item) size() int {
	n := 0
	for name, value := range it {
		n += len(name)
		switch v := value.(type) {
		case *types.AttributeValueMemberS:
			n += len(v.Value)
		case *types.AttributeValueMemberB:
			n += len(v.Value)
		case *types.AttributeValueMemberN:
			n += len(v.Value)/2 + 2
		}
	}
	return n
}

// batchGet is how many items one BatchGetItem reads at most.
const batchGet = 100

// readUnits and writeUnits are DynamoDB's charges: 4 KB a strongly consistent read, 1 KB a write, at least one.
func readUnits(size int) float64 { return float64(max(1, (size+4095)/4096)) }

func writeUnits(size int) float64 { return float64(max(1, (size+1023)/1024)) }
