package exorgtest

import "strings"

// op makes a route from one line of the table. "alone" operations write into the world; "search" is a POST that reads.
func op(methodAndPattern, permissions string, handle handler, how ...string) *route {
	method, pattern, _ := strings.Cut(methodAndPattern, " ")
	r := &route{method: method, pattern: pattern, permissions: strings.Fields(permissions), handle: handle, alone: method != "GET"}
	for _, h := range how {
		switch h {
		case "search":
			r.search, r.alone = true, false
		case "audit":
			r.search = true
		}
	}
	return r
}

// routes is the endpoint table of FACTS X2, with the permissions of which any one is enough.
func routes() []*route {
	out := userRoutes()
	for _, more := range [][]*route{userSkillRoutes(), skillRoutes(), queueRoutes(), codeRoutes(), otherRoutes(), auditRoutes()} {
		out = append(out, more...)
	}
	return out
}

func userRoutes() []*route {
	const edit = "admin directory:user:edit directory:organization:admin"
	return []*route{
		op("GET /api/v2/users", "", getUsers),
		op("POST /api/v2/users", "directory:user:add", postUser),
		op("GET /api/v2/users/{userId}", "", getUser),
		op("PATCH /api/v2/users/{userId}", edit, patchUser),
		op("DELETE /api/v2/users/{userId}", "admin directory:user:delete directory:organization:admin", deleteUser),
		op("POST /api/v2/users/search", "directory:user:view", searchUsers, "search"),
		op("GET /api/v2/users/{userId}/state", "directory:userStateChange:view", getUserState),
		op("PUT /api/v2/users/{userId}/state", "directory:user:edit", putUserState),
		op("GET /api/v2/users/{userId}/externalid", "", getExternalIDs),
		op("POST /api/v2/users/{userId}/externalid", "directory:user:edit", postExternalID),
		op("GET /api/v2/users/{userId}/externalid/{authorityName}", "", getExternalID),
		op("DELETE /api/v2/users/{userId}/externalid/{authorityName}/{externalKey}", "directory:user:edit", deleteExternalID),
		op("GET /api/v2/users/externalid/{authorityName}/{externalKey}", "", getUserByExternalID),
		op("GET /api/v2/users/{userId}/queues", "routing:queue:view", getUserQueues),
	}
}

func userSkillRoutes() []*route {
	const skill, language = "routing:skill:assign", "routing:skill:assign routing:language:assign"
	return []*route{
		op("GET /api/v2/users/{userId}/routingskills", "", getGrants(KindSkill)),
		op("POST /api/v2/users/{userId}/routingskills", skill, postGrant(KindSkill)),
		op("PUT /api/v2/users/{userId}/routingskills/bulk", skill, putGrants),
		op("PATCH /api/v2/users/{userId}/routingskills/bulk", skill, patchGrants(KindSkill)),
		op("PUT /api/v2/users/{userId}/routingskills/{skillId}", skill, setGrant(KindSkill, "skillId")),
		op("DELETE /api/v2/users/{userId}/routingskills/{skillId}", skill, deleteGrant(KindSkill, "skillId")),
		op("GET /api/v2/users/{userId}/routinglanguages", "", getGrants(KindLanguage)),
		op("POST /api/v2/users/{userId}/routinglanguages", language, postGrant(KindLanguage)),
		op("PATCH /api/v2/users/{userId}/routinglanguages/bulk", language, patchGrants(KindLanguage)),
		op("PATCH /api/v2/users/{userId}/routinglanguages/{languageId}", language, setGrant(KindLanguage, "languageId")),
		op("DELETE /api/v2/users/{userId}/routinglanguages/{languageId}", language, deleteGrant(KindLanguage, "languageId")),
	}
}

func skillRoutes() []*route {
	const manage = "routing:skill:manage"
	return []*route{
		op("GET /api/v2/routing/skills", "routing:skill:view", getSkills(KindSkill)),
		op("POST /api/v2/routing/skills", manage+" routing:skill:create", postSkill(KindSkill)),
		op("GET /api/v2/routing/skills/{skillId}", "routing:skill:view", getSkill(KindSkill, "skillId")),
		op("PATCH /api/v2/routing/skills/{skillId}", "routing:skill:update", patchSkill),
		op("DELETE /api/v2/routing/skills/{skillId}", manage+" routing:skill:delete", deleteSkill(KindSkill, "skillId")),
		op("GET /api/v2/routing/languages", "", getSkills(KindLanguage)),
		op("POST /api/v2/routing/languages", manage, postSkill(KindLanguage)),
		op("GET /api/v2/routing/languages/{languageId}", "", getSkill(KindLanguage, "languageId")),
		op("DELETE /api/v2/routing/languages/{languageId}", manage, deleteSkill(KindLanguage, "languageId")),
	}
}

func queueRoutes() []*route {
	const view, edit, members = "routing:queue:view", "routing:queue:edit", "routing:queue:edit routing:queueMember:manage"
	const base = "/api/v2/routing/queues"
	return []*route{
		op("GET "+base, view, getQueues),
		op("POST "+base, "routing:queue:add", postQueue),
		op("GET "+base+"/{queueId}", view, getQueue),
		op("PUT "+base+"/{queueId}", edit, putQueue),
		op("DELETE "+base+"/{queueId}", "routing:queue:delete", deleteQueue),
		op("GET "+base+"/divisionviews/all", "routing:queue:search", getQueueViews),
		op("GET "+base+"/{queueId}/members", "routing:queue:view routing:queue:readonly "+members, getMembers),
		op("POST "+base+"/{queueId}/members", members, postMembers),
		op("PATCH "+base+"/{queueId}/members", members, patchMembers),
		op("PATCH "+base+"/{queueId}/members/{memberId}", members, patchMember),
		op("DELETE "+base+"/{queueId}/members/{memberId}", members, deleteMember),
		op("GET "+base+"/{queueId}/wrapupcodes", view, getQueueCodes),
		op("POST "+base+"/{queueId}/wrapupcodes", edit, postQueueCodes),
		op("DELETE "+base+"/{queueId}/wrapupcodes/{codeId}", edit, deleteQueueCode),
	}
}

func codeRoutes() []*route {
	return []*route{
		op("GET /api/v2/routing/wrapupcodes", "routing:wrapupCode:view", getCodes),
		op("POST /api/v2/routing/wrapupcodes", "routing:wrapupCode:add", postCode),
		op("GET /api/v2/routing/wrapupcodes/{codeId}", "routing:wrapupCode:view", getCode),
		op("PUT /api/v2/routing/wrapupcodes/{codeId}", "routing:wrapupCode:edit", putCode),
		op("DELETE /api/v2/routing/wrapupcodes/{codeId}", "routing:wrapupCode:delete", deleteCode),
	}
}

func otherRoutes() []*route {
	return []*route{
		op("GET /api/v2/presence/sources", "presence:source:view", getSources),
		op("POST /api/v2/presence/sources", "presence:source:add", postSource),
		op("GET /api/v2/presence/sources/{sourceId}", "presence:source:view", getSource),
		op("PUT /api/v2/presence/sources/{sourceId}", "presence:source:edit", putSource),
		op("DELETE /api/v2/presence/sources/{sourceId}", "presence:source:delete presence:source:edit", deleteSource),
		op("GET /api/v2/presence/users/{userId}/primarysource", "presence:userPrimarySource:view", getPrimarySource),
		op("PUT /api/v2/presence/users/{userId}/primarysource", "presence:userPrimarySource:edit", putPrimarySource),
		op("GET /api/v2/authorization/divisions/home", "", getHome),
		op("GET /api/v2/authorization/divisions", "", getDivisions),
		op("POST /api/v2/authorization/divisions/{divisionId}/objects/{objectType}", "", postObjects),
		op("GET /api/v2/tokens/me", "", getToken),
		op("GET /api/v2/notifications/availabletopics", "", getTopics),
	}
}
