// Package mapping keeps the mapping table: which EX Org object belongs to which Engage object, what it must look like,
// and where that stands.
//
// It reads and writes one DynamoDB table (or its twin in memory), returns rows, documents and grants, and never decides
// anything or calls another system.
//
// # How
//
// Every item carries the stamp of its last write. A change reads the item, makes the next one and writes it whole on the
// condition that the stamp still stands; when another writer was faster it starts over from what that one wrote. The stamp
// also tells an own write whose answer was lost. So single-item conditional writes are enough, and every method is one
// atomic step on one item; only the index and large documents take several, ordered so that a crash in between does no
// harm. The request budget alone is changed without a read. Dynamo and Memory are the same code on two servers.
//
//	item       keys (all start with the tenant)             one file
//	row        row#user/1234                                 rows.go desired.go record.go marks.go
//	owner      ex#user/<EX id>                               owners.go
//	index      index head, index#user#128#17 shard           delta.go putindex.go marked.go shard.go
//	document   doc#<name> head, part#<generation>#0001       documents.go
//	lease      lease                                         lease.go
//	pauses     pauses                                        pauses.go
//	window     window#user#removals#86400                    windows.go
//	budget     budget#<client>                               budget.go
//	token      token#<client>                                tokens.go
//
// # What a run that finds nothing to do costs
//
// The index's head holds 8 bytes of digest and a count per shard; a shard holds up to 400 fingerprints on average, at about
// 10 bytes each. Such a run takes the lease, reads what is paused and the head (1.7 KB for 30,000 users), finds every
// digest equal, lists the six unconverged states of the seven kinds (42 empty queries of half a unit), and gives the lease
// back. With the rest of a site beside the users (1,000 or 3,000 skills, 2,000 or 4,800 queues with their member lists, 600
// or 1,000 codes), at one run a minute and 0.125 USD per million read units, 0.625 per million write units, a test counts:
//
// 10,000 users: 25 read units, 2 write units a run; reads cost 0.14, all 0.19 USD a month.
// 30,000 users: 25 read units, 2 write units a run; reads cost 0.14, all 0.19 USD a month.
//
// A changed object costs its shard on top, and the index is written twice: before its row is written the key is marked as
// being changed, so that a run that dies leaves nothing that looks converged, and afterwards it gets its fingerprint.
//
// One changed user of 30,000: 3 read and 5 write units to mark it, 3 and 5 to write its fingerprint.
//
// Changes of one shard share these writes. Rows in the listed states are
// charged by their lines, some 20 to a unit: list orphans and quarantined rows where people look, not every minute.
package mapping
