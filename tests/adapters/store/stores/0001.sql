BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE answers (
	"key" VARCHAR NOT NULL, 
	body BLOB NOT NULL, 
	PRIMARY KEY ("key")
);
CREATE TABLE applications (
	number INTEGER NOT NULL, 
	id VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (number), 
	UNIQUE (id)
);
CREATE TABLE charges (
	number INTEGER NOT NULL, 
	id VARCHAR NOT NULL, 
	"key" VARCHAR, 
	lineage VARCHAR NOT NULL, 
	unit VARCHAR NOT NULL, 
	permit VARCHAR NOT NULL, 
	principal VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	spent BIGINT NOT NULL, 
	delta FLOAT NOT NULL, 
	body TEXT NOT NULL, 
	actual TEXT, 
	PRIMARY KEY (number), 
	UNIQUE (id), 
	UNIQUE ("key")
);
CREATE TABLE counters (
	name VARCHAR NOT NULL, 
	value BIGINT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "counters" VALUES('policy-generation',1);
CREATE TABLE datasets (
	name VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "datasets" VALUES('medpar','{"columns":[{"description":"","labels":[],"lower":0,"meanings":[],"name":"los","title":"","type":"integer","unit":"d","upper":120,"values":[]},{"description":"","labels":[],"lower":null,"meanings":["elective","urgent","emergency"],"name":"type","title":"","type":"integer","unit":"","upper":null,"values":[1,2,3]},{"description":"","labels":["quasi-identifier","trade-secret"],"lower":null,"meanings":[],"name":"provnum","title":"","type":"text","unit":"","upper":null,"values":[]}],"description":"","dictionary":"","keywords":["mortality"],"latest":{"dataset":"medpar","sha256":"abababababababababababababababababababababababababababababababab"},"name":"medpar","privacy_unit":null,"published":true,"responsibility":{"cited_law":"","contact":"","controller":"","data_protection_officer":"","ethics_vote":"","licence":"","retention":""},"synthetic":false,"theme":"","title":"Stays"}');
INSERT INTO "datasets" VALUES('turbine','{"columns":[{"description":"","labels":[],"lower":0,"meanings":[],"name":"los","title":"","type":"integer","unit":"d","upper":120,"values":[]},{"description":"","labels":[],"lower":null,"meanings":["elective","urgent","emergency"],"name":"type","title":"","type":"integer","unit":"","upper":null,"values":[1,2,3]},{"description":"","labels":["quasi-identifier","trade-secret"],"lower":null,"meanings":[],"name":"provnum","title":"","type":"text","unit":"","upper":null,"values":[]}],"description":"","dictionary":"","keywords":[],"latest":{"dataset":"turbine","sha256":"abababababababababababababababababababababababababababababababab"},"name":"turbine","privacy_unit":null,"published":false,"responsibility":{"cited_law":"","contact":"","controller":"","data_protection_officer":"","ethics_vote":"","licence":"","retention":""},"synthetic":false,"theme":"","title":"Gas turbine"}');
CREATE TABLE dictionaries (
	number INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	version VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (number), 
	UNIQUE (name, version)
);
CREATE TABLE leaves (
	number BIGINT NOT NULL, 
	salt BLOB NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (number)
);
INSERT INTO "leaves" VALUES(0,X'B123E29142878CF9BFC9E7AB06CABF0D86A1EC8B667A65238500B378A013A2E1','{"at":"2026-11-22T10:30:00.000000Z","facts":{"dataset":"medpar","number":0,"rules":["k 10"],"share":0.5},"kind":"query.intended","principal":"ana","site":"hub"}');
INSERT INTO "leaves" VALUES(1,X'6644FE19767452BD7A06A78D34837755D6EA3042448825C9CCEA90ECA7EFFC11','{"at":"2026-11-22T10:30:00.000000Z","facts":{"dataset":"medpar","number":1,"rules":["k 10"],"share":0.5},"kind":"query.intended","principal":"ana","site":"hub"}');
INSERT INTO "leaves" VALUES(2,X'125AF2F6400DD3ACD845D11FC1B8E5120D3003FEFC922B81F1FE468CD6EE36B4','{"at":"2026-11-22T10:30:00.000000Z","facts":{"dataset":"medpar","number":2,"rules":["k 10"],"share":0.5},"kind":"query.intended","principal":"ana","site":"hub"}');
INSERT INTO "leaves" VALUES(3,X'B462D08EC57A7F64A772D9022D01AB98D1155715845D5311D8CAB4CA744704B4','{"at":"2026-11-22T10:30:00.000000Z","facts":{"dataset":"medpar","number":3,"rules":["k 10"],"share":0.5},"kind":"query.intended","principal":"ana","site":"hub"}');
INSERT INTO "leaves" VALUES(4,X'17134FA4390A625A949EF14D1AAF8F18B46913AC56636C631E346BF2FAF71815','{"at":"2026-11-22T10:30:00.000000Z","facts":{"dataset":"medpar","number":4,"rules":["k 10"],"share":0.5},"kind":"query.intended","principal":"ana","site":"hub"}');
CREATE TABLE nodes (
	level INTEGER NOT NULL, 
	position BIGINT NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (level, position)
);
INSERT INTO "nodes" VALUES(0,0,X'AD2F6697DD06B675A6CF66613D6843D74A92103EA4407A08562C3B91995D74FD');
INSERT INTO "nodes" VALUES(0,1,X'7C2CB7BDFC40BD363153F9594C092F5C340E6F263304E74D8CC0D5EF4191EEB5');
INSERT INTO "nodes" VALUES(1,0,X'25DAE8DEF128DCCFE5F8E36EB52341C4F084FBBB1D52B8A61056A54FC69216CB');
INSERT INTO "nodes" VALUES(0,2,X'ABCC76DAEE443966EC884975BD95D7A7277867E7DCB665DFCE9B2F692CE3BBFA');
INSERT INTO "nodes" VALUES(0,3,X'ED6A4537DA48E628706A3333408D1FF65A1FAFCE937EEB71EAB5D62CBB48F377');
INSERT INTO "nodes" VALUES(1,1,X'93ED6DC628AD1754DFE7369941AC55BBD6312E7348F0B53F3A5F5D9127234751');
INSERT INTO "nodes" VALUES(2,0,X'C8E7137FDF6F2E5CC3CEE6C155EBEE0C23A4BF4474EF20EAA5445142569FED44');
INSERT INTO "nodes" VALUES(0,4,X'8DAA62CC759FC8F1D44E6BA7602759329C2E7A1AE097955A8C79E4AB007DFF83');
CREATE TABLE people (
	id VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE permits (
	number INTEGER NOT NULL, 
	id VARCHAR NOT NULL, 
	jws TEXT NOT NULL, 
	body TEXT NOT NULL, 
	revoked VARCHAR, 
	PRIMARY KEY (number), 
	UNIQUE (id)
);
CREATE TABLE policies (
	number INTEGER NOT NULL, 
	id VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	source TEXT NOT NULL, 
	in_force BOOLEAN NOT NULL, 
	PRIMARY KEY (number)
);
INSERT INTO "policies" VALUES(1,'medpar','{"id":"medpar","owner":"the steward of medpar","rules":[{"actions":[],"because":"","condition":{"is":"Constraint","operand":"purpose","operator":"is-a","right":["dpv:ScientificResearch"]},"effect":"permit","id":"research","kinds":[],"obligations":{"attribution":"","cohort":null,"epsilon_question":null,"epsilon_total":null,"expires":null,"masks":{},"maximum_rows":null,"minimum_events":null,"minimum_sites":null,"minimum_units":null,"restate_purpose":false,"row_filter":null,"withheld":[]},"target":{"datasets":["medpar"],"everything":false,"labels":[]}}],"site":null,"title":"Stays for research"}','text',1);
CREATE TABLE sites (
	name VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE versions (
	dataset VARCHAR NOT NULL, 
	sha256 VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (dataset, sha256)
);
CREATE INDEX policies_by_id ON policies (id);
CREATE INDEX charges_by_account ON charges (lineage, unit, permit, principal);
COMMIT;
