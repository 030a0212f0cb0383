BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0004');
CREATE TABLE cam_request (
	"key" VARCHAR(64) NOT NULL, 
	checkpoint_id VARCHAR(100) NOT NULL, 
	image_id VARCHAR(32) NOT NULL, 
	views JSON NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	error TEXT, 
	created_at FLOAT NOT NULL, 
	expires_at FLOAT NOT NULL, 
	finished_at FLOAT, announced_at FLOAT NOT NULL, 
	CONSTRAINT pk_cam_request PRIMARY KEY ("key"), 
	CONSTRAINT ck_cam_request_state CHECK (state IN ('pending', 'done', 'failed'))
);
INSERT INTO "cam_request" VALUES('62a2fed3d6e08c44835fce71f02210b1ddabfb066e39edf1e6c261988f824dd3','ad754360cd474e2d93b93a97847bea44','00000000000000000000000000000000','["s0.5", "s1-flip"]','pending',NULL,1760000216.0,1760000276.0,NULL,1760000216.0);
INSERT INTO "cam_request" VALUES('a4c3ed04a95a3da14a9d235c83d868bed7c0f45cf7f3faa751ee8f50598d2211','ad754360cd474e2d93b93a97847bea44','00000000000000000000000000000000','["s0.5", "s1-flip"]','done',NULL,1760000218.0,1760000278.0,1760000500.0,1760000218.0);
INSERT INTO "cam_request" VALUES('5d28a90f4498a81461efbaf6f628a19d9778390bb5c81a393dd936181cc3d826','ad754360cd474e2d93b93a97847bea44','00000000000000000000000000000000','["s0.5", "s1-flip"]','failed','Größe ''η'' "α" 100 %s :name; -- \ 猫
second line',1760000220.0,1760000280.0,1760000500.0,1760000220.0);
CREATE TABLE checkpoint (
	id VARCHAR(100) NOT NULL, 
	name VARCHAR(120) NOT NULL, 
	builtin BOOLEAN NOT NULL, 
	final BOOLEAN NOT NULL, 
	job_id VARCHAR(100), 
	epoch INTEGER, 
	step INTEGER, 
	method VARCHAR(40) NOT NULL, 
	dataset VARCHAR(200), 
	card JSON NOT NULL, 
	content_sha VARCHAR(64) NOT NULL, 
	weights_key VARCHAR(200), 
	weights_path TEXT, 
	size BIGINT NOT NULL, 
	created_at FLOAT NOT NULL, 
	CONSTRAINT pk_checkpoint PRIMARY KEY (id), 
	CONSTRAINT ck_checkpoint_one_place CHECK ((weights_key IS NULL) <> (weights_path IS NULL)), 
	CONSTRAINT fk_checkpoint_job_id_job FOREIGN KEY(job_id) REFERENCES job (id), 
	CONSTRAINT uq_checkpoint_job_id_step UNIQUE (job_id, step)
);
INSERT INTO "checkpoint" VALUES('demo-ssenet','made',1,1,NULL,NULL,NULL,'ssenet','demo','{"format": 1, "name": "made", "method": "ssenet", "backbone": "tf_efficientnet_lite0", "stride": 16, "classes": ["cat", "dog"], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "settings": null, "lineage": [], "dataset": "demo", "dataset_fingerprint": null, "epoch": null, "step": null, "seed": null, "metrics": {}, "metrics_protocol": null, "weights_sha256": "2f0177192e8bdee58fd3d5e4479c148d52b55d3f0205f5d9b17973aa261277c2", "code_version": "0", "parent": null, "licence": null, "notes": "", "created_at": "2026-11-23T11:13:11.785664Z"}','3fc72c66dd4af23dbf776d49a0a737f324253144cc7642147fe862f30d78e928',NULL,'/opt/ssenet-lab/weights/builtin/demo-ssenet.safetensors',7,1760000000.0);
INSERT INTO "checkpoint" VALUES('42c7c9790e8a43f189cc2754266686e7','finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line',0,1,'4db9261dbf6c44cab8a78c76c22db43a',1,1,'ssenet','demo','{"format": 1, "name": "made", "method": "ssenet", "backbone": "tf_efficientnet_lite0", "stride": 16, "classes": ["cat", "dog"], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "settings": null, "lineage": [{"kind": "train_cam", "key": "768d71ce6b4a6a64b8e0e05bcb5dd2947993aa6b97f1f4e95a3cdfe4178b4cfe", "settings": {}, "epoch": null, "weights_sha256": null}], "dataset": "demo", "dataset_fingerprint": null, "epoch": null, "step": null, "seed": null, "metrics": {}, "metrics_protocol": null, "weights_sha256": "79b02927d8f0562fbd294816373e05f95adc5fc128adc016d3f26e15652bb278", "code_version": "0", "parent": null, "licence": null, "notes": "", "created_at": "2026-11-23T11:13:11.813290Z"}','684ce554037e66147bcd2c80c0cbe9edcb69130f8cd1159f745259f3756ea832','weights/79b02927d8f0562fbd294816373e05f95adc5fc128adc016d3f26e15652bb278.safetensors',NULL,1,1760000010.0);
INSERT INTO "checkpoint" VALUES('a27da4dcd0bd404098ab5a792113f403','finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line',0,1,'b79219c3c87041159a32206830f4a715',1,1,'affinity','demo','{"format": 1, "name": "made", "method": "affinity", "backbone": "tf_efficientnet_lite0", "stride": 16, "classes": ["cat", "dog"], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "settings": null, "lineage": [{"kind": "train_affinity", "key": "70f146bc3b55fd6a78641c04da413e6f961a2563fa5836beb77610d4ac27dd06", "settings": {}, "epoch": null, "weights_sha256": null}], "dataset": "demo", "dataset_fingerprint": null, "epoch": null, "step": null, "seed": null, "metrics": {}, "metrics_protocol": null, "weights_sha256": "7959c6c3a44f72bec505058973eb348179a5b2c7ad4694e8b07bb8265264dac4", "code_version": "0", "parent": null, "licence": null, "notes": "", "created_at": "2026-11-23T11:13:11.870794Z"}','e2b455281df6e8eebc20ce67b7fc7ed58d3cfd736f7a687623fc23389b646a65','weights/7959c6c3a44f72bec505058973eb348179a5b2c7ad4694e8b07bb8265264dac4.safetensors',NULL,1,1760000050.0);
INSERT INTO "checkpoint" VALUES('6923931dcc3c4c78842d20d2c28ccbfa','finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line',0,1,'0cd69d765d7d460b8e86c3c6d3178607',1,1,'segmentation','demo','{"format": 1, "name": "made", "method": "segmentation", "backbone": "tf_efficientnet_lite0", "stride": 16, "classes": ["cat", "dog"], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "settings": null, "lineage": [{"kind": "train_segmentation", "key": "dd0dadc345a607a1efffc562a457d2d0e01509695a210f1f13f1cc7d37be9ab3", "settings": {}, "epoch": null, "weights_sha256": null}], "dataset": "demo", "dataset_fingerprint": null, "epoch": null, "step": null, "seed": null, "metrics": {}, "metrics_protocol": null, "weights_sha256": "0311e3cfa461321db049681494376926088c912a70ffbe3d8b64a86a40c4cd40", "code_version": "0", "parent": null, "licence": null, "notes": "", "created_at": "2026-11-23T11:13:11.914156Z"}','c06ad2e3bb38d78bf8851b793e55badda1cb8cb2415aa919c789409f781a0ca6','weights/0311e3cfa461321db049681494376926088c912a70ffbe3d8b64a86a40c4cd40.safetensors',NULL,1,1760000083.0);
INSERT INTO "checkpoint" VALUES('fc5b122723244545acbf4b1b7363f3b6','Größe ''η'' "α" 100 %s :name; -- \ 猫
second line',0,0,'a158f2b9e6ca421bb5a936d7991f4a0d',1,0,'ssenet','demo','{"format": 1, "name": "made", "method": "ssenet", "backbone": "tf_efficientnet_lite0", "stride": 16, "classes": ["cat", "dog"], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "settings": null, "lineage": [], "dataset": "demo", "dataset_fingerprint": null, "epoch": null, "step": null, "seed": null, "metrics": {}, "metrics_protocol": null, "weights_sha256": "f408830bcc7fab370819172244aa32e3ba66a848835911c02629d9a4dff77992", "code_version": "0", "parent": null, "licence": null, "notes": "", "created_at": "2026-11-23T11:13:11.944063Z"}','29d6db8945a1455251818b9f21984d1bd25b10c116d18f1c16a9729e9c577976','weights/f408830bcc7fab370819172244aa32e3ba66a848835911c02629d9a4dff77992.safetensors',NULL,1,1760000109.0);
INSERT INTO "checkpoint" VALUES('ad754360cd474e2d93b93a97847bea44','Größe ''η'' "α" 100 %s :name; -- \ 猫
second line',0,1,'a158f2b9e6ca421bb5a936d7991f4a0d',1,1,'ssenet','demo','{"format": 1, "name": "made", "method": "ssenet", "backbone": "tf_efficientnet_lite0", "stride": 16, "classes": ["cat", "dog"], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "settings": null, "lineage": [{"kind": "train_cam", "key": "bbcc5828c0b24c838662c439d836e4acc872e7ef8e9e0b5307131f8d6e0c5dd3", "settings": {}, "epoch": null, "weights_sha256": null}], "dataset": "demo", "dataset_fingerprint": null, "epoch": null, "step": null, "seed": null, "metrics": {}, "metrics_protocol": null, "weights_sha256": "bfd485388c9c30ed3820f86ddddd09b6eee79a1958f0d6f5f72d1c99949e2b53", "code_version": "0", "parent": null, "licence": null, "notes": "", "created_at": "2026-11-23T11:13:11.948003Z"}','146d5495b9837c6556f0cbd43c7c135a21ab860e2ea2566e3e432121ecbcc3bd','weights/bfd485388c9c30ed3820f86ddddd09b6eee79a1958f0d6f5f72d1c99949e2b53.safetensors',NULL,1,1760000114.0);
INSERT INTO "checkpoint" VALUES('14f1ccf562f74501be013a2fa94bf35f','made',0,1,'be0240bceeaa40d19d4210a1f8c088a9',1,1,'ssenet','demo','{"format": 1, "name": "made", "method": "ssenet", "backbone": "tf_efficientnet_lite0", "stride": 16, "classes": ["cat", "dog"], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "settings": null, "lineage": [{"kind": "train_cam", "key": "91bc36f971019fdadb0bd1fc901538726b35f943b7705b40010e99e5b3e9acff", "settings": {}, "epoch": null, "weights_sha256": null}], "dataset": "demo", "dataset_fingerprint": null, "epoch": null, "step": null, "seed": null, "metrics": {}, "metrics_protocol": null, "weights_sha256": "a0bfaa0c895084c15d146839c35f5af973f788b14e424c79722aa910d5f2f6ef", "code_version": "0", "parent": null, "licence": null, "notes": "", "created_at": "2026-11-23T11:13:12.012087Z"}','5699bdf5223971a78c61ce16e1a34632b90c3e7d271c3aa0682786d6834ff91d','weights/a0bfaa0c895084c15d146839c35f5af973f788b14e424c79722aa910d5f2f6ef.safetensors',NULL,1,1760000166.0);
INSERT INTO "checkpoint" VALUES('060b9963d0544669ba963083d702782b','under way',0,1,'9a6a0f106ffa4b1ebb38ffbde644b8d7',1,1,'ssenet','demo','{"format": 1, "name": "made", "method": "ssenet", "backbone": "tf_efficientnet_lite0", "stride": 16, "classes": ["cat", "dog"], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "settings": null, "lineage": [{"kind": "train_cam", "key": "e2efa3422b79592f5b9988990fe51d83848bcf02d862441ebbebb71a735c8a08", "settings": {}, "epoch": null, "weights_sha256": null}], "dataset": "demo", "dataset_fingerprint": null, "epoch": null, "step": null, "seed": null, "metrics": {}, "metrics_protocol": null, "weights_sha256": "d420c1905d11549a04d6ce457e7e3d0a0a499eb6d6e263f97349c3dc6bdf7882", "code_version": "0", "parent": null, "licence": null, "notes": "", "created_at": "2026-11-23T11:13:12.033262Z"}','173b1b64be433a56561b1052094b92bdd502e2666f0c0d3f3d9bdd60802e34ce','weights/d420c1905d11549a04d6ce457e7e3d0a0a499eb6d6e263f97349c3dc6bdf7882.safetensors',NULL,1,1760000187.0);
CREATE TABLE dataset (
	id VARCHAR(100) NOT NULL, 
	spec JSON NOT NULL, 
	classes JSON NOT NULL, 
	splits JSON NOT NULL, 
	fingerprint VARCHAR(64) NOT NULL, 
	label_source TEXT NOT NULL, 
	has_masks BOOLEAN NOT NULL, 
	masked_splits JSON NOT NULL, 
	created_at FLOAT NOT NULL, 
	CONSTRAINT pk_dataset PRIMARY KEY (id)
);
INSERT INTO "dataset" VALUES('demo','{"name": "demo", "kind": "demo"}','["cat", "dog"]','{"train": 4, "val": 2}','f','masks',1,'["train", "val"]',0.0);
CREATE TABLE evaluation (
	id VARCHAR(100) NOT NULL, 
	checkpoint_id VARCHAR(100) NOT NULL, 
	dataset_id VARCHAR(100) NOT NULL, 
	job_id VARCHAR(100), 
	record JSON NOT NULL, 
	summary JSON NOT NULL, 
	histograms_key VARCHAR(200), 
	histograms_path TEXT, 
	created_at FLOAT NOT NULL, 
	CONSTRAINT pk_evaluation PRIMARY KEY (id), 
	CONSTRAINT ck_evaluation_one_place CHECK ((histograms_key IS NULL) <> (histograms_path IS NULL)), 
	CONSTRAINT fk_evaluation_checkpoint_id_checkpoint FOREIGN KEY(checkpoint_id) REFERENCES checkpoint (id) ON DELETE CASCADE, 
	CONSTRAINT fk_evaluation_job_id_job FOREIGN KEY(job_id) REFERENCES job (id), 
	CONSTRAINT uq_evaluation_job_id UNIQUE (job_id)
);
INSERT INTO "evaluation" VALUES('demo-ssenet-0','demo-ssenet','demo',NULL,'{"rows": ["1"], "note": "Gr\u00f6\u00dfe ''\u03b7'' \"\u03b1\" 100 %s :name; -- \\ \u732b\nsecond line"}','[]',NULL,'/opt/ssenet-lab/weights/builtin/demo-ssenet.evaluation.npz',1760000000.0);
INSERT INTO "evaluation" VALUES('e-ae9ee3bd45bf44a7adb5190be84b9e28','42c7c9790e8a43f189cc2754266686e7','demo','ae9ee3bd45bf44a7adb5190be84b9e28','{"format": 1, "checkpoint": "c", "classes": ["cat", "dog"], "image_ids": ["a", "b"], "rows": ["1"], "protocol": {"dataset": "demo", "dataset_fingerprint": "f", "split": "train", "images": 2, "label_source": "given", "scales": [1.0], "multi_scale": [], "flip": false, "relu_order": "fast", "aggregation": null, "normalisation": "eq3", "crf": null, "alpha_rule": "fixed 0.2", "absent_classes": "zero", "selection": null, "weights_sha256": "0000000000000000000000000000000000000000000000000000000000000000", "code_version": "0", "uses_ground_truth": true}, "lineage": [], "agreed_alpha": null, "created_at": "2026-11-23T11:13:11.849616Z"}','[]','evaluations/ae9ee3bd45bf44a7adb5190be84b9e28.npz',NULL,1760000032.0);
INSERT INTO "evaluation" VALUES('e-f8ea8a8ab5864de599c48123d7400148','ad754360cd474e2d93b93a97847bea44','demo','f8ea8a8ab5864de599c48123d7400148','{"format": 1, "checkpoint": "c", "classes": ["cat", "dog"], "image_ids": ["a", "b"], "rows": ["1"], "protocol": {"dataset": "demo", "dataset_fingerprint": "f", "split": "train", "images": 2, "label_source": "given", "scales": [1.0], "multi_scale": [], "flip": false, "relu_order": "fast", "aggregation": null, "normalisation": "eq3", "crf": null, "alpha_rule": "fixed 0.2", "absent_classes": "zero", "selection": null, "weights_sha256": "0000000000000000000000000000000000000000000000000000000000000000", "code_version": "0", "uses_ground_truth": true}, "lineage": [], "agreed_alpha": null, "created_at": "2026-11-23T11:13:11.958393Z"}','[]','evaluations/f8ea8a8ab5864de599c48123d7400148.npz',NULL,1760000124.0);
INSERT INTO "evaluation" VALUES('e-fff492bcd8e047948df3de5bec55ab44','14f1ccf562f74501be013a2fa94bf35f','demo','fff492bcd8e047948df3de5bec55ab44','{"format": 1, "checkpoint": "c", "classes": ["cat", "dog"], "image_ids": ["a", "b"], "rows": ["1"], "protocol": {"dataset": "demo", "dataset_fingerprint": "f", "split": "train", "images": 2, "label_source": "given", "scales": [1.0], "multi_scale": [], "flip": false, "relu_order": "fast", "aggregation": null, "normalisation": "eq3", "crf": null, "alpha_rule": "fixed 0.2", "absent_classes": "zero", "selection": null, "weights_sha256": "0000000000000000000000000000000000000000000000000000000000000000", "code_version": "0", "uses_ground_truth": true}, "lineage": [], "agreed_alpha": null, "created_at": "2026-11-23T11:13:12.020805Z"}','[]','evaluations/fff492bcd8e047948df3de5bec55ab44.npz',NULL,1760000176.0);
CREATE TABLE image (
	id VARCHAR(32) NOT NULL, 
	sha VARCHAR(64) NOT NULL, 
	width INTEGER NOT NULL, 
	height INTEGER NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	source VARCHAR(16) NOT NULL, 
	title TEXT, 
	author TEXT, 
	licence TEXT, 
	origin TEXT, 
	labels JSON NOT NULL, 
	created_at FLOAT NOT NULL, 
	CONSTRAINT pk_image PRIMARY KEY (id), 
	CONSTRAINT uq_image_sha UNIQUE (sha)
);
INSERT INTO "image" VALUES('00000000000000000000000000000000','0000000000000000000000000000000000000000000000000000000000000000',32,24,'gallery Größe ''η'' "α" 100 %s :name; -- \ 猫
second line','gallery','Größe ''η'' "α" 100 %s :name; -- \ 猫
second line','N. N.',NULL,NULL,'["cat", "dog"]',1760000001.0);
INSERT INTO "image" VALUES('11111111111111111111111111111111','1111111111111111111111111111111111111111111111111111111111111111',32,24,'upload Größe ''η'' "α" 100 %s :name; -- \ 猫
second line','upload','Größe ''η'' "α" 100 %s :name; -- \ 猫
second line','N. N.',NULL,NULL,'["cat", "dog"]',1760000002.0);
INSERT INTO "image" VALUES('22222222222222222222222222222222','2222222222222222222222222222222222222222222222222222222222222222',32,24,'dataset Größe ''η'' "α" 100 %s :name; -- \ 猫
second line','dataset','Größe ''η'' "α" 100 %s :name; -- \ 猫
second line','N. N.',NULL,NULL,'["cat", "dog"]',1760000003.0);
CREATE TABLE image_set (
	id VARCHAR(100) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	name VARCHAR(120) NOT NULL, 
	job_id VARCHAR(100) NOT NULL, 
	dataset_id VARCHAR(100) NOT NULL, 
	split VARCHAR(100) NOT NULL, 
	images INTEGER NOT NULL, 
	"key" VARCHAR(64) NOT NULL, 
	folder VARCHAR(200) NOT NULL, 
	manifest JSON NOT NULL, 
	size BIGINT NOT NULL, 
	created_at FLOAT NOT NULL, 
	CONSTRAINT pk_image_set PRIMARY KEY (id), 
	CONSTRAINT fk_image_set_job_id_job FOREIGN KEY(job_id) REFERENCES job (id), 
	CONSTRAINT uq_image_set_job_id UNIQUE (job_id)
);
INSERT INTO "image_set" VALUES('c31b4a31dc474683bd69ad390a87df12','cams','finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line','e90811d0c8d142c2bdccf826c55fef62','demo','train',2,'643999e2c6a8e65359f9e5f3841439270aab2031b68cad562adeb095a7362777','jobs/e90811d0c8d142c2bdccf826c55fef62/attempt-1/result','{"format": 1, "kind": "cams", "key": "643999e2c6a8e65359f9e5f3841439270aab2031b68cad562adeb095a7362777", "dataset": "demo", "dataset_fingerprint": "f", "split": "train", "image_ids": ["a", "b"], "classes": ["cat", "dog"], "lineage": [{"kind": "infer_cam", "key": "643999e2c6a8e65359f9e5f3841439270aab2031b68cad562adeb095a7362777", "settings": {}, "epoch": null, "weights_sha256": null}], "subject": "", "code_version": "0", "created_at": "2026-11-23T11:13:11.830868Z"}',9,1760000020.0);
INSERT INTO "image_set" VALUES('9e95f4b5ff2340808631c5be9b1b555b','crf','finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line','7e314dd1836b4f6fa8be08457f52c91f','demo','train',2,'73fa3d7060eb7c0c9175e147124f436cb75bc356813484f19b7e1c8e407ecec6','jobs/7e314dd1836b4f6fa8be08457f52c91f/attempt-1/result','{"format": 1, "kind": "crf", "key": "73fa3d7060eb7c0c9175e147124f436cb75bc356813484f19b7e1c8e407ecec6", "dataset": "demo", "dataset_fingerprint": "f", "split": "train", "image_ids": ["a", "b"], "classes": ["cat", "dog"], "lineage": [{"kind": "crf", "key": "73fa3d7060eb7c0c9175e147124f436cb75bc356813484f19b7e1c8e407ecec6", "settings": {}, "epoch": null, "weights_sha256": null}], "subject": "", "code_version": "0", "created_at": "2026-11-23T11:13:11.858161Z"}',9,1760000040.0);
INSERT INTO "image_set" VALUES('4e9bd33c2f624e5094ea39395ae03970','walk','finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line','4edac56cd15e42768c4dd5ae1a6e0029','demo','train',2,'feb594e4857de6de622d87f866a0b5c2ca526b2e02bc9f011d958831b843b0b1','jobs/4edac56cd15e42768c4dd5ae1a6e0029/attempt-1/result','{"format": 1, "kind": "walk", "key": "feb594e4857de6de622d87f866a0b5c2ca526b2e02bc9f011d958831b843b0b1", "dataset": "demo", "dataset_fingerprint": "f", "split": "train", "image_ids": ["a", "b"], "classes": ["cat", "dog"], "lineage": [{"kind": "random_walk", "key": "feb594e4857de6de622d87f866a0b5c2ca526b2e02bc9f011d958831b843b0b1", "settings": {}, "epoch": null, "weights_sha256": null}], "subject": "", "code_version": "0", "created_at": "2026-11-23T11:13:11.883913Z"}',9,1760000060.0);
INSERT INTO "image_set" VALUES('43a803eb149b410d8134c6606e1fea60','masks','finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line','242ed2897c744db389dc2c559df7dadf','demo','train',2,'67137cae5e52aa4f813d5071a3194c1d6d328b1eea214e518edde350033174b6','jobs/242ed2897c744db389dc2c559df7dadf/attempt-1/result','{"format": 1, "kind": "masks", "key": "67137cae5e52aa4f813d5071a3194c1d6d328b1eea214e518edde350033174b6", "dataset": "demo", "dataset_fingerprint": "f", "split": "train", "image_ids": ["a", "b"], "classes": ["cat", "dog"], "lineage": [{"kind": "pseudo_labels", "key": "67137cae5e52aa4f813d5071a3194c1d6d328b1eea214e518edde350033174b6", "settings": {}, "epoch": null, "weights_sha256": null}], "subject": "pseudo-labels", "code_version": "0", "created_at": "2026-11-23T11:13:11.896308Z"}',9,1760000070.0);
INSERT INTO "image_set" VALUES('1abab82317024382a00f55fe464ddd43','masks','finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line','417f034ad6da4ee5a1336da8cda8ef9d','demo','train',2,'6b8dfb19d5659f3627519e3d9a0e6fd7905790ec0372705892eee3ebb1cabb0e','jobs/417f034ad6da4ee5a1336da8cda8ef9d/attempt-1/result','{"format": 1, "kind": "masks", "key": "6b8dfb19d5659f3627519e3d9a0e6fd7905790ec0372705892eee3ebb1cabb0e", "dataset": "demo", "dataset_fingerprint": "f", "split": "train", "image_ids": ["a", "b"], "classes": ["cat", "dog"], "lineage": [{"kind": "pseudo_labels", "key": "6b8dfb19d5659f3627519e3d9a0e6fd7905790ec0372705892eee3ebb1cabb0e", "settings": {}, "epoch": null, "weights_sha256": null}], "subject": "segmentation", "code_version": "0", "created_at": "2026-11-23T11:13:11.927909Z"}',9,1760000093.0);
CREATE TABLE job (
	id VARCHAR(100) NOT NULL, 
	kind VARCHAR(40) NOT NULL, 
	name VARCHAR(120), 
	settings JSON NOT NULL, 
	dataset_id VARCHAR(100), 
	parent_id VARCHAR(100), 
	state VARCHAR(16) NOT NULL, 
	fence INTEGER NOT NULL, 
	attempts INTEGER NOT NULL, 
	max_attempts INTEGER NOT NULL, 
	lease_owner VARCHAR(200), 
	lease_expires_at FLOAT, 
	dispatched_at FLOAT, 
	cancel_requested_at FLOAT, 
	error JSON, 
	measured JSON, 
	step INTEGER NOT NULL, 
	event_seq INTEGER NOT NULL, 
	progress_done INTEGER, 
	progress_total INTEGER, 
	progress_unit VARCHAR(20), 
	progress_message TEXT, 
	progress_at FLOAT, 
	base_done INTEGER, 
	base_at FLOAT, 
	idempotency_key VARCHAR(200), 
	payload_sha VARCHAR(64), 
	created_at FLOAT NOT NULL, 
	started_at FLOAT, 
	finished_at FLOAT, content_key VARCHAR(64), 
	CONSTRAINT pk_job PRIMARY KEY (id), 
	CONSTRAINT ck_job_state CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')), 
	CONSTRAINT fk_job_parent_id_job FOREIGN KEY(parent_id) REFERENCES job (id), 
	CONSTRAINT uq_job_idempotency_key UNIQUE (idempotency_key)
);
INSERT INTO "job" VALUES('4db9261dbf6c44cab8a78c76c22db43a','train_cam','finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line','{"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "all", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 128, "jitter": 0.3, "epochs": 2, "batch_size": 16, "optimiser": "adamw", "lr": 0.0003, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 0, "workers": 0, "save_every_steps": 200, "dataset": "demo", "split": "train", "val_split": "val", "train_images": 90, "val_images": 40, "method": "ssenet", "rate": 0.5, "eta": 1.0, "ser_form": "official", "equivariance": "scale", "angle": 30.0, "dropout": 0.0, "scale_min": 128, "scale_max": 192}','demo',NULL,'succeeded',1,1,3,NULL,NULL,NULL,NULL,NULL,NULL,1,4,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'4353ae442b89ab8e196709e12c62386630cccd5bb1b7522105267d830f2f12c6',1760000005.0,1760000007.0,1760000013.0,'768d71ce6b4a6a64b8e0e05bcb5dd2947993aa6b97f1f4e95a3cdfe4178b4cfe');
INSERT INTO "job" VALUES('e90811d0c8d142c2bdccf826c55fef62','infer_cam','finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line','{"scales": [1.0, 1.5], "flip": true, "relu_order": "fast", "labels": "given", "checkpoint": "42c7c9790e8a43f189cc2754266686e7", "dataset": "demo", "split": "train", "images": 90}','demo',NULL,'succeeded',1,1,3,NULL,NULL,NULL,NULL,NULL,NULL,0,4,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'c3e87be8e2ed131197cb78bde73b1c085466c7ce33265549ab27097304b2c70b',1760000015.0,1760000017.0,1760000023.0,'643999e2c6a8e65359f9e5f3841439270aab2031b68cad562adeb095a7362777');
INSERT INTO "job" VALUES('ae9ee3bd45bf44a7adb5190be84b9e28','evaluate','finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line','{"scales": [1.0, 1.5], "flip": true, "relu_order": "fast", "labels": "given", "checkpoint": "42c7c9790e8a43f189cc2754266686e7", "dataset": "demo", "split": "train", "images": 90, "multi_scale": [1.0, 1.5], "cams": "c31b4a31dc474683bd69ad390a87df12"}','demo',NULL,'succeeded',1,1,3,NULL,NULL,NULL,NULL,NULL,NULL,0,4,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2b539be04ff8b8cbf9f10f7708e4c0368504bcfb494affa551af7cce65c1e901',1760000025.0,1760000029.0,1760000035.0,'74a5ef1269f3ff9a4218eb2d389130296958f4a96cdab9ae81c477298bb60b63');
INSERT INTO "job" VALUES('7e314dd1836b4f6fa8be08457f52c91f','crf','finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line','{"crf": "psa", "crf_iterations": 5, "gaussian_sxy": null, "gaussian_compat": null, "bilateral_sxy": null, "bilateral_srgb": null, "bilateral_compat": null, "processes": 0, "alpha_low": 2.0, "alpha_high": 12.0, "cams": "c31b4a31dc474683bd69ad390a87df12"}','demo',NULL,'succeeded',1,1,3,NULL,NULL,NULL,NULL,NULL,NULL,0,4,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'9e4d5b6abfab88af3b196a5e43d6e05e98139e66c91bb67f6fc8369a43db4a82',1760000027.0,1760000037.0,1760000043.0,'73fa3d7060eb7c0c9175e147124f436cb75bc356813484f19b7e1c8e407ecec6');
INSERT INTO "job" VALUES('b79219c3c87041159a32206830f4a715','train_affinity','finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line','{"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "frozen", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 256, "jitter": 0.3, "epochs": 3, "batch_size": 8, "optimiser": "adamw", "lr": 0.001, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 0, "workers": 0, "save_every_steps": 200, "radius": 5, "crf": "9e95f4b5ff2340808631c5be9b1b555b", "start": "42c7c9790e8a43f189cc2754266686e7"}','demo',NULL,'succeeded',1,1,3,NULL,NULL,NULL,NULL,NULL,NULL,1,4,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'ce58275c7451e09f2a837f10da6ec26fa13d420aa5d780c23281550a42389e1b',1760000045.0,1760000047.0,1760000053.0,'70f146bc3b55fd6a78641c04da413e6f961a2563fa5836beb77610d4ac27dd06');
INSERT INTO "job" VALUES('4edac56cd15e42768c4dd5ae1a6e0029','random_walk','finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line','{"beta": 16.0, "log_steps": 6, "radius": 5, "background": "constant", "alpha": 0.25, "power": 16.0, "working_side": 1024, "checkpoint": "a27da4dcd0bd404098ab5a792113f403", "cams": "c31b4a31dc474683bd69ad390a87df12"}','demo',NULL,'succeeded',1,1,3,NULL,NULL,NULL,NULL,NULL,NULL,0,4,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'499a61baf7252ec32597792ddf5376071775ac3a646f5bfd14fceb3e0f36d383',1760000055.0,1760000057.0,1760000063.0,'feb594e4857de6de622d87f866a0b5c2ca526b2e02bc9f011d958831b843b0b1');
INSERT INTO "job" VALUES('242ed2897c744db389dc2c559df7dadf','pseudo_labels','finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line','{"crf": "off", "crf_iterations": null, "gaussian_sxy": null, "gaussian_compat": null, "bilateral_sxy": null, "bilateral_srgb": null, "bilateral_compat": null, "processes": 0, "alpha": 0.2, "strong": 1.0, "weak": 1.0, "maps": "4e9bd33c2f624e5094ea39395ae03970"}','demo',NULL,'succeeded',1,1,3,NULL,NULL,NULL,NULL,NULL,NULL,0,5,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'45a79826f528b9855239bff0d64cc6fda3a39321b26bfb3edd71dd613c59dd52',1760000065.0,1760000067.0,1760000076.0,'67137cae5e52aa4f813d5071a3194c1d6d328b1eea214e518edde350033174b6');
INSERT INTO "job" VALUES('0cd69d765d7d460b8e86c3c6d3178607','train_segmentation','finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line','{"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "all", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 224, "jitter": 0.3, "epochs": 4, "batch_size": 8, "optimiser": "adamw", "lr": 0.0003, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 0, "workers": 0, "save_every_steps": 200, "head_dilation": 12, "head_channels": 128, "dropout": 0.1, "scale_min": 0.5, "scale_max": 1.5, "labels": "43a803eb149b410d8134c6606e1fea60", "val_split": "val", "val_images": 40, "start": "42c7c9790e8a43f189cc2754266686e7"}','demo',NULL,'succeeded',1,1,3,NULL,NULL,NULL,NULL,NULL,NULL,1,4,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'abf9cc9862e636df56b9df512233b842c53c66022bc8967abc567225da6ccfe0',1760000078.0,1760000080.0,1760000086.0,'dd0dadc345a607a1efffc562a457d2d0e01509695a210f1f13f1cc7d37be9ab3');
INSERT INTO "job" VALUES('417f034ad6da4ee5a1336da8cda8ef9d','evaluate_segmentation','finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line','{"crf": "off", "crf_iterations": null, "gaussian_sxy": null, "gaussian_compat": null, "bilateral_sxy": null, "bilateral_srgb": null, "bilateral_compat": null, "processes": 0, "scales": [1.0], "flip": true, "checkpoint": "6923931dcc3c4c78842d20d2c28ccbfa", "dataset": "demo", "split": "val", "images": 40}','demo',NULL,'succeeded',1,1,3,NULL,NULL,NULL,NULL,NULL,NULL,0,5,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'e21bbd6b1b9804221098641f5065226fec0ce8c9208a8ad3fa5b1e377d8b5dd2',1760000088.0,1760000090.0,1760000099.0,'6b8dfb19d5659f3627519e3d9a0e6fd7905790ec0372705892eee3ebb1cabb0e');
INSERT INTO "job" VALUES('a158f2b9e6ca421bb5a936d7991f4a0d','train_cam','Größe ''η'' "α" 100 %s :name; -- \ 猫
second line','{"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "all", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 256, "jitter": 0.3, "epochs": 8, "batch_size": 16, "optimiser": "adamw", "lr": 0.0003, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 2, "workers": 0, "save_every_steps": 200, "dataset": "demo", "split": "train", "val_split": "val", "train_images": null, "val_images": null, "method": "ssenet", "rate": 0.5, "eta": 1.0, "ser_form": "official", "equivariance": "scale", "angle": 30.0, "dropout": 0.0, "scale_min": 256, "scale_max": 435}','demo',NULL,'succeeded',1,1,3,NULL,NULL,NULL,NULL,NULL,'{"seconds": 12.5, "done": 2, "unit": "steps", "per_second": 0.25}',1,7,2,2,'steps','Größe ''η'' "α" 100 %s :name; -- \ 猫
second line',1760000111.0,2,1760000111.0,'job-key','dccbc13616b1e09907e69a908296c9aaeb726985fd03924f360fc3dd882a68fa',1760000101.0,1760000103.0,1760000117.0,'bbcc5828c0b24c838662c439d836e4acc872e7ef8e9e0b5307131f8d6e0c5dd3');
INSERT INTO "job" VALUES('f8ea8a8ab5864de599c48123d7400148','evaluate','Größe ''η'' "α" 100 %s :name; -- \ 猫
second line','{"scales": [0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0], "flip": false, "relu_order": "fast", "labels": "given", "checkpoint": "ad754360cd474e2d93b93a97847bea44", "dataset": "demo", "split": "val", "images": null, "multi_scale": [0.5, 1.0, 1.5, 2.0], "cams": null}','demo','a158f2b9e6ca421bb5a936d7991f4a0d','succeeded',1,1,3,NULL,NULL,NULL,NULL,NULL,NULL,0,4,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'e6b5354642ae406154997cf6e050de9a73efe1c59bd3d3b2896b851f1d413b06',1760000119.0,1760000121.0,1760000127.0,'b68f86cbe1eb9d5651aa1c134e79682bb27d58016c2403bc38bdeeca137e668c');
INSERT INTO "job" VALUES('4f0492ef5a184e2f8a3761ff7f089e0d','triage',NULL,'{"checkpoint": "ad754360cd474e2d93b93a97847bea44", "other": "demo-ssenet", "dataset": "demo", "split": "val", "images": null, "scales": [0.5, 1.0, 1.5, 2.0], "flip": false, "relu_order": "fast", "labels": "predicted", "alpha": 0.2}','demo',NULL,'succeeded',1,1,3,NULL,NULL,NULL,NULL,NULL,NULL,0,4,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'b90e3f89b07b544cb359134835488bd88d88a49adc49ec36d4126849489d09f2',1760000129.0,1760000131.0,1760000137.0,'4f7771a10c3b3085e57891505a121c72f40692f5fa4503da9154ff9f26fd94f9');
INSERT INTO "job" VALUES('397afe75efa140cabccee1a874aff94f','train_cam',NULL,'{"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "all", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 256, "jitter": 0.3, "epochs": 8, "batch_size": 16, "optimiser": "adamw", "lr": 0.0003, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 3, "workers": 0, "save_every_steps": 200, "dataset": "demo", "split": "train", "val_split": "val", "train_images": null, "val_images": null, "method": "ssenet", "rate": 0.5, "eta": 1.0, "ser_form": "official", "equivariance": "scale", "angle": 30.0, "dropout": 0.0, "scale_min": 256, "scale_max": 435}','demo',NULL,'failed',1,1,3,NULL,NULL,NULL,NULL,'{"kind": "crash", "message": "Gr\u00f6\u00dfe ''\u03b7'' \"\u03b1\" 100 %s :name; -- \\ \u732b\nsecond line"}',NULL,0,3,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'fda1169d46517860bfa5b7d6ac7af9d1a19ffa7348a198a4b1fc8eddffa08b40',1760000139.0,1760000141.0,1760000144.0,'91bc36f971019fdadb0bd1fc901538726b35f943b7705b40010e99e5b3e9acff');
INSERT INTO "job" VALUES('4238ce19db0146e699e53ef442eed634','train_cam',NULL,'{"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "all", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 256, "jitter": 0.3, "epochs": 8, "batch_size": 16, "optimiser": "adamw", "lr": 0.0003, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 4, "workers": 0, "save_every_steps": 200, "dataset": "demo", "split": "train", "val_split": "val", "train_images": null, "val_images": null, "method": "ssenet", "rate": 0.5, "eta": 1.0, "ser_form": "official", "equivariance": "scale", "angle": 30.0, "dropout": 0.0, "scale_min": 256, "scale_max": 435}','demo',NULL,'cancelled',0,0,3,NULL,NULL,NULL,1760000148.0,NULL,NULL,0,2,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'f5e22e1592855e5bd35351a97eaddf53c53a4927f5ee48cdef2ed2e4606dd5fd',1760000146.0,NULL,1760000149.0,'a274f62e5b329bfb14ff0f8d1593814bedb6b2342d7958d3a9b3a01443f30fab');
INSERT INTO "job" VALUES('0d6c046bfc384e348c78f57965a2a4af','train_cam',NULL,'{"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "all", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 256, "jitter": 0.3, "epochs": 8, "batch_size": 16, "optimiser": "adamw", "lr": 0.0003, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 5, "workers": 0, "save_every_steps": 200, "dataset": "demo", "split": "train", "val_split": "val", "train_images": null, "val_images": null, "method": "ssenet", "rate": 0.5, "eta": 1.0, "ser_form": "official", "equivariance": "scale", "angle": 30.0, "dropout": 0.0, "scale_min": 256, "scale_max": 435}','demo',NULL,'cancelled',1,1,3,NULL,NULL,NULL,1760000155.0,NULL,NULL,0,4,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'989495ac6e8ede0b59586edba80a7399cacbe206d397b9ddedf61ff28690f72e',1760000151.0,1760000153.0,1760000159.0,'0f1baa0aa637942870133fe98a30f04c4778d04e43638292f484bd9b3f4e2e5c');
INSERT INTO "job" VALUES('be0240bceeaa40d19d4210a1f8c088a9','train_cam',NULL,'{"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "all", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 256, "jitter": 0.3, "epochs": 8, "batch_size": 16, "optimiser": "adamw", "lr": 0.0003, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 3, "workers": 0, "save_every_steps": 200, "dataset": "demo", "split": "train", "val_split": "val", "train_images": null, "val_images": null, "method": "ssenet", "rate": 0.5, "eta": 1.0, "ser_form": "official", "equivariance": "scale", "angle": 30.0, "dropout": 0.0, "scale_min": 256, "scale_max": 435}','demo','397afe75efa140cabccee1a874aff94f','succeeded',1,1,3,NULL,NULL,NULL,NULL,NULL,NULL,1,4,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'fa1ff0a0c99abd9dc98960efdec33d08f57cb44c98ffe1075446b8d53f8eb9ee',1760000161.0,1760000163.0,1760000169.0,'91bc36f971019fdadb0bd1fc901538726b35f943b7705b40010e99e5b3e9acff');
INSERT INTO "job" VALUES('fff492bcd8e047948df3de5bec55ab44','evaluate',NULL,'{"scales": [0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0], "flip": false, "relu_order": "fast", "labels": "given", "checkpoint": "14f1ccf562f74501be013a2fa94bf35f", "dataset": "demo", "split": "val", "images": null, "multi_scale": [0.5, 1.0, 1.5, 2.0], "cams": null}','demo','be0240bceeaa40d19d4210a1f8c088a9','succeeded',1,1,3,NULL,NULL,NULL,NULL,NULL,NULL,0,4,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'37da4774037e41f1f63e62b15e9e8b4126c7d3b5d4ee1379e6d65b6f812027a2',1760000171.0,1760000173.0,1760000179.0,'7ae887edc7028d952b6a68b066bcb629e3f24c021e1613f5f6d78e27c59da236');
INSERT INTO "job" VALUES('9a6a0f106ffa4b1ebb38ffbde644b8d7','train_cam','under way','{"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "all", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 128, "jitter": 0.3, "epochs": 2, "batch_size": 16, "optimiser": "adamw", "lr": 0.0003, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 0, "workers": 0, "save_every_steps": 200, "dataset": "demo", "split": "train", "val_split": "val", "train_images": 60, "val_images": 40, "method": "ssenet", "rate": 0.5, "eta": 1.0, "ser_form": "official", "equivariance": "scale", "angle": 30.0, "dropout": 0.0, "scale_min": 128, "scale_max": 192}','demo',NULL,'succeeded',1,1,3,NULL,NULL,NULL,NULL,NULL,NULL,1,4,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'90b34c377c7e696183626a6049516e15cfa8a06e3d2b75f176a4b9988544c91e',1760000182.0,1760000184.0,1760000190.0,'e2efa3422b79592f5b9988990fe51d83848bcf02d862441ebbebb71a735c8a08');
INSERT INTO "job" VALUES('5c73de6fe1ca4c0889d7a939cd41d61f','infer_cam','under way','{"scales": [1.0, 1.5], "flip": true, "relu_order": "fast", "labels": "given", "checkpoint": "060b9963d0544669ba963083d702782b", "dataset": "demo", "split": "train", "images": 60}','demo',NULL,'queued',0,0,3,NULL,NULL,NULL,NULL,NULL,NULL,0,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'5cf209c2da4e858ca0f4a71e25a59ba757490db60a4e7a328cdb5ad61b04f2b0',1760000192.0,NULL,NULL,'af089bf06717e6881cb1f2f491bfeadcc1ad6d47cf5e2ca9efd7dd1ee50e886e');
INSERT INTO "job" VALUES('ab697bd94ef34959967cc325b5c1cf97','train_cam','running','{"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "all", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 256, "jitter": 0.3, "epochs": 8, "batch_size": 16, "optimiser": "adamw", "lr": 0.0003, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 7, "workers": 0, "save_every_steps": 200, "dataset": "demo", "split": "train", "val_split": "val", "train_images": null, "val_images": null, "method": "ssenet", "rate": 0.5, "eta": 1.0, "ser_form": "official", "equivariance": "scale", "angle": 30.0, "dropout": 0.0, "scale_min": 256, "scale_max": 435}','demo',NULL,'running',2,1,3,'train@old-host:42',1760000260.0,NULL,NULL,NULL,NULL,0,5,30,100,'steps','epoch 1 of 2',1760000202.0,30,1760000202.0,NULL,'83c594b4a4afc337fd75b4ae52adb25e74014ca12ea493243d7717be6a0e4900',1760000194.0,1760000196.0,NULL,'efd623d97e7f8b72614f653b11f864034d637c15e9ddcb7473a8040c21a6c56c');
INSERT INTO "job" VALUES('0fbb9670ed0644229ef61bdf62efb6ac','infer_cam',NULL,'{"scales": [0.5, 1.0, 1.5, 2.0], "flip": true, "relu_order": "fast", "labels": "given", "checkpoint": "demo-ssenet", "dataset": "demo", "split": "val", "images": null}','demo',NULL,'running',1,1,3,'train@old-host:42',1760000268.0,NULL,1760000210.0,NULL,NULL,0,3,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'fa86011de58b14ef1c94021e3d5f5e4a4c1ad8c9750c9b386cf9e5cb27369244',1760000206.0,1760000208.0,NULL,'0932d47c5305762535673a6be97b7d7475b699c35dd245a96f10a9bf0b99aa89');
INSERT INTO "job" VALUES('e81cbac1e91c47be8c16016675137358','train_cam','waiting','{"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "all", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 256, "jitter": 0.3, "epochs": 8, "batch_size": 16, "optimiser": "adamw", "lr": 0.0003, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 8, "workers": 0, "save_every_steps": 200, "dataset": "demo", "split": "train", "val_split": "val", "train_images": null, "val_images": null, "method": "ssenet", "rate": 0.5, "eta": 1.0, "ser_form": "official", "equivariance": "scale", "angle": 30.0, "dropout": 0.0, "scale_min": 256, "scale_max": 435}','demo',NULL,'queued',0,0,3,NULL,NULL,1760000215.0,NULL,NULL,NULL,0,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'a262428e73f8485ba27bf9b2842328d1a05c845e7d2310c7df60d62a51658fc7',1760000213.0,NULL,NULL,'13d7fbbc2f56d5d9db7f49504d3451826ee43f9940b4bd05d9b69ab33b556848');
CREATE TABLE job_event (
	job_id VARCHAR(100) NOT NULL, 
	seq INTEGER NOT NULL, 
	fence INTEGER NOT NULL, 
	type VARCHAR(40) NOT NULL, 
	data JSON NOT NULL, 
	at FLOAT NOT NULL, 
	CONSTRAINT pk_job_event PRIMARY KEY (job_id, seq), 
	CONSTRAINT fk_job_event_job_id_job FOREIGN KEY(job_id) REFERENCES job (id) ON DELETE CASCADE
);
INSERT INTO "job_event" VALUES('4db9261dbf6c44cab8a78c76c22db43a',1,0,'state','{"state": "queued"}',1760000006.0);
INSERT INTO "job_event" VALUES('4db9261dbf6c44cab8a78c76c22db43a',2,1,'state','{"state": "running", "attempt": 1, "worker": "worker"}',1760000008.0);
INSERT INTO "job_event" VALUES('4db9261dbf6c44cab8a78c76c22db43a',3,1,'checkpoint','{"checkpoint": "42c7c9790e8a43f189cc2754266686e7", "epoch": 1, "step": 1, "final": true}',1760000011.0);
INSERT INTO "job_event" VALUES('4db9261dbf6c44cab8a78c76c22db43a',4,1,'state','{"state": "succeeded"}',1760000014.0);
INSERT INTO "job_event" VALUES('e90811d0c8d142c2bdccf826c55fef62',1,0,'state','{"state": "queued"}',1760000016.0);
INSERT INTO "job_event" VALUES('e90811d0c8d142c2bdccf826c55fef62',2,1,'state','{"state": "running", "attempt": 1, "worker": "worker"}',1760000018.0);
INSERT INTO "job_event" VALUES('e90811d0c8d142c2bdccf826c55fef62',3,1,'set','{"set": "c31b4a31dc474683bd69ad390a87df12", "kind": "cams", "images": 2}',1760000021.0);
INSERT INTO "job_event" VALUES('e90811d0c8d142c2bdccf826c55fef62',4,1,'state','{"state": "succeeded"}',1760000024.0);
INSERT INTO "job_event" VALUES('ae9ee3bd45bf44a7adb5190be84b9e28',1,0,'state','{"state": "queued"}',1760000026.0);
INSERT INTO "job_event" VALUES('7e314dd1836b4f6fa8be08457f52c91f',1,0,'state','{"state": "queued"}',1760000028.0);
INSERT INTO "job_event" VALUES('ae9ee3bd45bf44a7adb5190be84b9e28',2,1,'state','{"state": "running", "attempt": 1, "worker": "worker"}',1760000030.0);
INSERT INTO "job_event" VALUES('ae9ee3bd45bf44a7adb5190be84b9e28',3,1,'evaluation','{"evaluation": "e-ae9ee3bd45bf44a7adb5190be84b9e28"}',1760000033.0);
INSERT INTO "job_event" VALUES('ae9ee3bd45bf44a7adb5190be84b9e28',4,1,'state','{"state": "succeeded"}',1760000036.0);
INSERT INTO "job_event" VALUES('7e314dd1836b4f6fa8be08457f52c91f',2,1,'state','{"state": "running", "attempt": 1, "worker": "worker"}',1760000038.0);
INSERT INTO "job_event" VALUES('7e314dd1836b4f6fa8be08457f52c91f',3,1,'set','{"set": "9e95f4b5ff2340808631c5be9b1b555b", "kind": "crf", "images": 2}',1760000041.0);
INSERT INTO "job_event" VALUES('7e314dd1836b4f6fa8be08457f52c91f',4,1,'state','{"state": "succeeded"}',1760000044.0);
INSERT INTO "job_event" VALUES('b79219c3c87041159a32206830f4a715',1,0,'state','{"state": "queued"}',1760000046.0);
INSERT INTO "job_event" VALUES('b79219c3c87041159a32206830f4a715',2,1,'state','{"state": "running", "attempt": 1, "worker": "worker"}',1760000048.0);
INSERT INTO "job_event" VALUES('b79219c3c87041159a32206830f4a715',3,1,'checkpoint','{"checkpoint": "a27da4dcd0bd404098ab5a792113f403", "epoch": 1, "step": 1, "final": true}',1760000051.0);
INSERT INTO "job_event" VALUES('b79219c3c87041159a32206830f4a715',4,1,'state','{"state": "succeeded"}',1760000054.0);
INSERT INTO "job_event" VALUES('4edac56cd15e42768c4dd5ae1a6e0029',1,0,'state','{"state": "queued"}',1760000056.0);
INSERT INTO "job_event" VALUES('4edac56cd15e42768c4dd5ae1a6e0029',2,1,'state','{"state": "running", "attempt": 1, "worker": "worker"}',1760000058.0);
INSERT INTO "job_event" VALUES('4edac56cd15e42768c4dd5ae1a6e0029',3,1,'set','{"set": "4e9bd33c2f624e5094ea39395ae03970", "kind": "walk", "images": 2}',1760000061.0);
INSERT INTO "job_event" VALUES('4edac56cd15e42768c4dd5ae1a6e0029',4,1,'state','{"state": "succeeded"}',1760000064.0);
INSERT INTO "job_event" VALUES('242ed2897c744db389dc2c559df7dadf',1,0,'state','{"state": "queued"}',1760000066.0);
INSERT INTO "job_event" VALUES('242ed2897c744db389dc2c559df7dadf',2,1,'state','{"state": "running", "attempt": 1, "worker": "worker"}',1760000068.0);
INSERT INTO "job_event" VALUES('242ed2897c744db389dc2c559df7dadf',3,1,'set','{"set": "43a803eb149b410d8134c6606e1fea60", "kind": "masks", "images": 2}',1760000071.0);
INSERT INTO "job_event" VALUES('242ed2897c744db389dc2c559df7dadf',4,1,'scores','{"score": "s-242ed2897c744db389dc2c559df7dadf", "miou": 50.0}',1760000074.0);
INSERT INTO "job_event" VALUES('242ed2897c744db389dc2c559df7dadf',5,1,'state','{"state": "succeeded"}',1760000077.0);
INSERT INTO "job_event" VALUES('0cd69d765d7d460b8e86c3c6d3178607',1,0,'state','{"state": "queued"}',1760000079.0);
INSERT INTO "job_event" VALUES('0cd69d765d7d460b8e86c3c6d3178607',2,1,'state','{"state": "running", "attempt": 1, "worker": "worker"}',1760000081.0);
INSERT INTO "job_event" VALUES('0cd69d765d7d460b8e86c3c6d3178607',3,1,'checkpoint','{"checkpoint": "6923931dcc3c4c78842d20d2c28ccbfa", "epoch": 1, "step": 1, "final": true}',1760000084.0);
INSERT INTO "job_event" VALUES('0cd69d765d7d460b8e86c3c6d3178607',4,1,'state','{"state": "succeeded"}',1760000087.0);
INSERT INTO "job_event" VALUES('417f034ad6da4ee5a1336da8cda8ef9d',1,0,'state','{"state": "queued"}',1760000089.0);
INSERT INTO "job_event" VALUES('417f034ad6da4ee5a1336da8cda8ef9d',2,1,'state','{"state": "running", "attempt": 1, "worker": "worker"}',1760000091.0);
INSERT INTO "job_event" VALUES('417f034ad6da4ee5a1336da8cda8ef9d',3,1,'set','{"set": "1abab82317024382a00f55fe464ddd43", "kind": "masks", "images": 2}',1760000094.0);
INSERT INTO "job_event" VALUES('417f034ad6da4ee5a1336da8cda8ef9d',4,1,'scores','{"score": "s-417f034ad6da4ee5a1336da8cda8ef9d", "miou": 50.0}',1760000097.0);
INSERT INTO "job_event" VALUES('417f034ad6da4ee5a1336da8cda8ef9d',5,1,'state','{"state": "succeeded"}',1760000100.0);
INSERT INTO "job_event" VALUES('a158f2b9e6ca421bb5a936d7991f4a0d',1,0,'state','{"state": "queued"}',1760000102.0);
INSERT INTO "job_event" VALUES('a158f2b9e6ca421bb5a936d7991f4a0d',2,1,'state','{"state": "running", "attempt": 1, "worker": "train@old-host:42"}',1760000104.0);
INSERT INTO "job_event" VALUES('a158f2b9e6ca421bb5a936d7991f4a0d',3,1,'metrics','{"step": 1, "values": {"loss": 1.0}}',1760000106.0);
INSERT INTO "job_event" VALUES('a158f2b9e6ca421bb5a936d7991f4a0d',4,1,'metrics','{"step": 2, "values": {"loss": 0.5}}',1760000107.0);
INSERT INTO "job_event" VALUES('a158f2b9e6ca421bb5a936d7991f4a0d',5,1,'checkpoint','{"checkpoint": "fc5b122723244545acbf4b1b7363f3b6", "epoch": 1, "step": 0, "final": false}',1760000110.0);
INSERT INTO "job_event" VALUES('a158f2b9e6ca421bb5a936d7991f4a0d',6,1,'checkpoint','{"checkpoint": "ad754360cd474e2d93b93a97847bea44", "epoch": 1, "step": 1, "final": true}',1760000115.0);
INSERT INTO "job_event" VALUES('a158f2b9e6ca421bb5a936d7991f4a0d',7,1,'state','{"state": "succeeded"}',1760000118.0);
INSERT INTO "job_event" VALUES('f8ea8a8ab5864de599c48123d7400148',1,0,'state','{"state": "queued"}',1760000120.0);
INSERT INTO "job_event" VALUES('f8ea8a8ab5864de599c48123d7400148',2,1,'state','{"state": "running", "attempt": 1, "worker": "worker"}',1760000122.0);
INSERT INTO "job_event" VALUES('f8ea8a8ab5864de599c48123d7400148',3,1,'evaluation','{"evaluation": "e-f8ea8a8ab5864de599c48123d7400148"}',1760000125.0);
INSERT INTO "job_event" VALUES('f8ea8a8ab5864de599c48123d7400148',4,1,'state','{"state": "succeeded"}',1760000128.0);
INSERT INTO "job_event" VALUES('4f0492ef5a184e2f8a3761ff7f089e0d',1,0,'state','{"state": "queued"}',1760000130.0);
INSERT INTO "job_event" VALUES('4f0492ef5a184e2f8a3761ff7f089e0d',2,1,'state','{"state": "running", "attempt": 1, "worker": "train@old-host:42"}',1760000132.0);
INSERT INTO "job_event" VALUES('4f0492ef5a184e2f8a3761ff7f089e0d',3,1,'ranking','{"ranking": "r", "images": 1}',1760000135.0);
INSERT INTO "job_event" VALUES('4f0492ef5a184e2f8a3761ff7f089e0d',4,1,'state','{"state": "succeeded"}',1760000138.0);
INSERT INTO "job_event" VALUES('397afe75efa140cabccee1a874aff94f',1,0,'state','{"state": "queued"}',1760000140.0);
INSERT INTO "job_event" VALUES('397afe75efa140cabccee1a874aff94f',2,1,'state','{"state": "running", "attempt": 1, "worker": "train@old-host:42"}',1760000142.0);
INSERT INTO "job_event" VALUES('397afe75efa140cabccee1a874aff94f',3,1,'state','{"state": "failed", "kind": "crash", "message": "Gr\u00f6\u00dfe ''\u03b7'' \"\u03b1\" 100 %s :name; -- \\ \u732b\nsecond line"}',1760000145.0);
INSERT INTO "job_event" VALUES('4238ce19db0146e699e53ef442eed634',1,0,'state','{"state": "queued"}',1760000147.0);
INSERT INTO "job_event" VALUES('4238ce19db0146e699e53ef442eed634',2,0,'state','{"state": "cancelled"}',1760000150.0);
INSERT INTO "job_event" VALUES('0d6c046bfc384e348c78f57965a2a4af',1,0,'state','{"state": "queued"}',1760000152.0);
INSERT INTO "job_event" VALUES('0d6c046bfc384e348c78f57965a2a4af',2,1,'state','{"state": "running", "attempt": 1, "worker": "train@old-host:42"}',1760000154.0);
INSERT INTO "job_event" VALUES('0d6c046bfc384e348c78f57965a2a4af',3,1,'cancel_requested','{}',1760000157.0);
INSERT INTO "job_event" VALUES('0d6c046bfc384e348c78f57965a2a4af',4,1,'state','{"state": "cancelled"}',1760000160.0);
INSERT INTO "job_event" VALUES('be0240bceeaa40d19d4210a1f8c088a9',1,0,'state','{"state": "queued"}',1760000162.0);
INSERT INTO "job_event" VALUES('be0240bceeaa40d19d4210a1f8c088a9',2,1,'state','{"state": "running", "attempt": 1, "worker": "worker"}',1760000164.0);
INSERT INTO "job_event" VALUES('be0240bceeaa40d19d4210a1f8c088a9',3,1,'checkpoint','{"checkpoint": "14f1ccf562f74501be013a2fa94bf35f", "epoch": 1, "step": 1, "final": true}',1760000167.0);
INSERT INTO "job_event" VALUES('be0240bceeaa40d19d4210a1f8c088a9',4,1,'state','{"state": "succeeded"}',1760000170.0);
INSERT INTO "job_event" VALUES('fff492bcd8e047948df3de5bec55ab44',1,0,'state','{"state": "queued"}',1760000172.0);
INSERT INTO "job_event" VALUES('fff492bcd8e047948df3de5bec55ab44',2,1,'state','{"state": "running", "attempt": 1, "worker": "worker"}',1760000174.0);
INSERT INTO "job_event" VALUES('fff492bcd8e047948df3de5bec55ab44',3,1,'evaluation','{"evaluation": "e-fff492bcd8e047948df3de5bec55ab44"}',1760000177.0);
INSERT INTO "job_event" VALUES('fff492bcd8e047948df3de5bec55ab44',4,1,'state','{"state": "succeeded"}',1760000180.0);
INSERT INTO "job_event" VALUES('9a6a0f106ffa4b1ebb38ffbde644b8d7',1,0,'state','{"state": "queued"}',1760000183.0);
INSERT INTO "job_event" VALUES('9a6a0f106ffa4b1ebb38ffbde644b8d7',2,1,'state','{"state": "running", "attempt": 1, "worker": "worker"}',1760000185.0);
INSERT INTO "job_event" VALUES('9a6a0f106ffa4b1ebb38ffbde644b8d7',3,1,'checkpoint','{"checkpoint": "060b9963d0544669ba963083d702782b", "epoch": 1, "step": 1, "final": true}',1760000188.0);
INSERT INTO "job_event" VALUES('9a6a0f106ffa4b1ebb38ffbde644b8d7',4,1,'state','{"state": "succeeded"}',1760000191.0);
INSERT INTO "job_event" VALUES('5c73de6fe1ca4c0889d7a939cd41d61f',1,0,'state','{"state": "queued"}',1760000193.0);
INSERT INTO "job_event" VALUES('ab697bd94ef34959967cc325b5c1cf97',1,0,'state','{"state": "queued"}',1760000195.0);
INSERT INTO "job_event" VALUES('ab697bd94ef34959967cc325b5c1cf97',2,1,'state','{"state": "running", "attempt": 1, "worker": "train@old-host:42"}',1760000197.0);
INSERT INTO "job_event" VALUES('ab697bd94ef34959967cc325b5c1cf97',3,1,'state','{"state": "queued", "reason": "the worker shuts down"}',1760000199.0);
INSERT INTO "job_event" VALUES('ab697bd94ef34959967cc325b5c1cf97',4,2,'state','{"state": "running", "attempt": 1, "worker": "train@old-host:42"}',1760000201.0);
INSERT INTO "job_event" VALUES('ab697bd94ef34959967cc325b5c1cf97',5,2,'metrics','{"step": 30, "values": {"loss": 0.5}}',1760000205.0);
INSERT INTO "job_event" VALUES('0fbb9670ed0644229ef61bdf62efb6ac',1,0,'state','{"state": "queued"}',1760000207.0);
INSERT INTO "job_event" VALUES('0fbb9670ed0644229ef61bdf62efb6ac',2,1,'state','{"state": "running", "attempt": 1, "worker": "train@old-host:42"}',1760000209.0);
INSERT INTO "job_event" VALUES('0fbb9670ed0644229ef61bdf62efb6ac',3,1,'cancel_requested','{}',1760000212.0);
INSERT INTO "job_event" VALUES('e81cbac1e91c47be8c16016675137358',1,0,'state','{"state": "queued"}',1760000214.0);
CREATE TABLE pipeline (
	id VARCHAR(100) NOT NULL, 
	name VARCHAR(120), 
	settings JSON NOT NULL, 
	dataset_id VARCHAR(100) NOT NULL, 
	cancel_requested_at FLOAT, 
	idempotency_key VARCHAR(200), 
	payload_sha VARCHAR(64) NOT NULL, 
	created_at FLOAT NOT NULL, 
	CONSTRAINT pk_pipeline PRIMARY KEY (id), 
	CONSTRAINT uq_pipeline_idempotency_key UNIQUE (idempotency_key)
);
INSERT INTO "pipeline" VALUES('e2d590175b7542e9aa5d9ef6dfa9feb4','finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line','{"dataset": "demo", "split": "train", "images": 90, "val_split": "val", "val_images": 40, "checkpoint": null, "train": {"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "all", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 128, "jitter": 0.3, "epochs": 2, "batch_size": 16, "optimiser": "adamw", "lr": 0.0003, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 0, "workers": 0, "save_every_steps": 200, "dataset": "demo", "split": "train", "val_split": "val", "train_images": 128, "val_images": 24, "method": "ssenet", "rate": 0.5, "eta": 1.0, "ser_form": "official", "equivariance": "scale", "angle": 30.0, "dropout": 0.0, "scale_min": 128, "scale_max": 192}, "start_from_cam": true, "cams": {"scales": [1.0, 1.5], "flip": true, "relu_order": "fast", "labels": "given"}, "crf": {"crf": "psa", "crf_iterations": 5, "gaussian_sxy": null, "gaussian_compat": null, "bilateral_sxy": null, "bilateral_srgb": null, "bilateral_compat": null, "processes": 0, "alpha_low": 2.0, "alpha_high": 12.0}, "affinity": {"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "frozen", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 256, "jitter": 0.3, "epochs": 3, "batch_size": 8, "optimiser": "adamw", "lr": 0.001, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 0, "workers": 0, "save_every_steps": 200, "radius": 5}, "walk": {"beta": 16.0, "log_steps": 6, "radius": 5, "background": "constant", "alpha": 0.25, "power": 16.0, "working_side": 1024}, "labels": {"crf": "off", "crf_iterations": null, "gaussian_sxy": null, "gaussian_compat": null, "bilateral_sxy": null, "bilateral_srgb": null, "bilateral_compat": null, "processes": 0, "alpha": 0.2, "strong": 1.0, "weak": 1.0}, "segmentation": {"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "all", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 224, "jitter": 0.3, "epochs": 4, "batch_size": 8, "optimiser": "adamw", "lr": 0.0003, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 0, "workers": 0, "save_every_steps": 200, "head_dilation": 12, "head_channels": 128, "dropout": 0.1, "scale_min": 0.5, "scale_max": 1.5}, "test": {"crf": "off", "crf_iterations": null, "gaussian_sxy": null, "gaussian_compat": null, "bilateral_sxy": null, "bilateral_srgb": null, "bilateral_compat": null, "processes": 0, "scales": [1.0], "flip": true}, "last": "evaluate_segmentation"}','demo',NULL,'pipeline-key','94afccf1d2c71f4e497015b0d58f2019be2810335abe3e391088778942d3198a',1760000004.0);
INSERT INTO "pipeline" VALUES('1f8b4834a6c4400fb0c8b191a39b3a4b','under way','{"dataset": "demo", "split": "train", "images": 60, "val_split": "val", "val_images": 40, "checkpoint": null, "train": {"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "all", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 128, "jitter": 0.3, "epochs": 2, "batch_size": 16, "optimiser": "adamw", "lr": 0.0003, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 0, "workers": 0, "save_every_steps": 200, "dataset": "demo", "split": "train", "val_split": "val", "train_images": 128, "val_images": 24, "method": "ssenet", "rate": 0.5, "eta": 1.0, "ser_form": "official", "equivariance": "scale", "angle": 30.0, "dropout": 0.0, "scale_min": 128, "scale_max": 192}, "start_from_cam": true, "cams": {"scales": [1.0, 1.5], "flip": true, "relu_order": "fast", "labels": "given"}, "crf": {"crf": "psa", "crf_iterations": 5, "gaussian_sxy": null, "gaussian_compat": null, "bilateral_sxy": null, "bilateral_srgb": null, "bilateral_compat": null, "processes": 0, "alpha_low": 2.0, "alpha_high": 12.0}, "affinity": {"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "frozen", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 256, "jitter": 0.3, "epochs": 3, "batch_size": 8, "optimiser": "adamw", "lr": 0.001, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 0, "workers": 0, "save_every_steps": 200, "radius": 5}, "walk": {"beta": 16.0, "log_steps": 6, "radius": 5, "background": "constant", "alpha": 0.25, "power": 16.0, "working_side": 1024}, "labels": {"crf": "off", "crf_iterations": null, "gaussian_sxy": null, "gaussian_compat": null, "bilateral_sxy": null, "bilateral_srgb": null, "bilateral_compat": null, "processes": 0, "alpha": 0.2, "strong": 1.0, "weak": 1.0}, "segmentation": {"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "all", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 224, "jitter": 0.3, "epochs": 4, "batch_size": 8, "optimiser": "adamw", "lr": 0.0003, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 0, "workers": 0, "save_every_steps": 200, "head_dilation": 12, "head_channels": 128, "dropout": 0.1, "scale_min": 0.5, "scale_max": 1.5}, "test": {"crf": "off", "crf_iterations": null, "gaussian_sxy": null, "gaussian_compat": null, "bilateral_sxy": null, "bilateral_srgb": null, "bilateral_compat": null, "processes": 0, "scales": [1.0], "flip": true}, "last": "evaluate_segmentation"}','demo',NULL,NULL,'53128120eb0e95ed19219de221012ebc2fbef8dd2d2f0778946756d0207a5e4c',1760000181.0);
CREATE TABLE pipeline_stage (
	pipeline_id VARCHAR(100) NOT NULL, 
	position INTEGER NOT NULL, 
	name VARCHAR(40) NOT NULL, 
	job_id VARCHAR(100), 
	reused BOOLEAN NOT NULL, 
	CONSTRAINT pk_pipeline_stage PRIMARY KEY (pipeline_id, position), 
	CONSTRAINT fk_pipeline_stage_job_id_job FOREIGN KEY(job_id) REFERENCES job (id), 
	CONSTRAINT fk_pipeline_stage_pipeline_id_pipeline FOREIGN KEY(pipeline_id) REFERENCES pipeline (id) ON DELETE CASCADE
);
INSERT INTO "pipeline_stage" VALUES('e2d590175b7542e9aa5d9ef6dfa9feb4',0,'train_cam','4db9261dbf6c44cab8a78c76c22db43a',0);
INSERT INTO "pipeline_stage" VALUES('e2d590175b7542e9aa5d9ef6dfa9feb4',1,'infer_cam','e90811d0c8d142c2bdccf826c55fef62',0);
INSERT INTO "pipeline_stage" VALUES('e2d590175b7542e9aa5d9ef6dfa9feb4',2,'evaluate','ae9ee3bd45bf44a7adb5190be84b9e28',0);
INSERT INTO "pipeline_stage" VALUES('e2d590175b7542e9aa5d9ef6dfa9feb4',3,'crf','7e314dd1836b4f6fa8be08457f52c91f',0);
INSERT INTO "pipeline_stage" VALUES('e2d590175b7542e9aa5d9ef6dfa9feb4',4,'train_affinity','b79219c3c87041159a32206830f4a715',0);
INSERT INTO "pipeline_stage" VALUES('e2d590175b7542e9aa5d9ef6dfa9feb4',5,'random_walk','4edac56cd15e42768c4dd5ae1a6e0029',0);
INSERT INTO "pipeline_stage" VALUES('e2d590175b7542e9aa5d9ef6dfa9feb4',6,'pseudo_labels','242ed2897c744db389dc2c559df7dadf',0);
INSERT INTO "pipeline_stage" VALUES('e2d590175b7542e9aa5d9ef6dfa9feb4',7,'train_segmentation','0cd69d765d7d460b8e86c3c6d3178607',0);
INSERT INTO "pipeline_stage" VALUES('e2d590175b7542e9aa5d9ef6dfa9feb4',8,'evaluate_segmentation','417f034ad6da4ee5a1336da8cda8ef9d',0);
INSERT INTO "pipeline_stage" VALUES('1f8b4834a6c4400fb0c8b191a39b3a4b',0,'train_cam','9a6a0f106ffa4b1ebb38ffbde644b8d7',0);
INSERT INTO "pipeline_stage" VALUES('1f8b4834a6c4400fb0c8b191a39b3a4b',1,'infer_cam','5c73de6fe1ca4c0889d7a939cd41d61f',0);
INSERT INTO "pipeline_stage" VALUES('1f8b4834a6c4400fb0c8b191a39b3a4b',2,'evaluate',NULL,0);
INSERT INTO "pipeline_stage" VALUES('1f8b4834a6c4400fb0c8b191a39b3a4b',3,'crf',NULL,0);
INSERT INTO "pipeline_stage" VALUES('1f8b4834a6c4400fb0c8b191a39b3a4b',4,'train_affinity',NULL,0);
INSERT INTO "pipeline_stage" VALUES('1f8b4834a6c4400fb0c8b191a39b3a4b',5,'random_walk',NULL,0);
INSERT INTO "pipeline_stage" VALUES('1f8b4834a6c4400fb0c8b191a39b3a4b',6,'pseudo_labels',NULL,0);
INSERT INTO "pipeline_stage" VALUES('1f8b4834a6c4400fb0c8b191a39b3a4b',7,'train_segmentation',NULL,0);
INSERT INTO "pipeline_stage" VALUES('1f8b4834a6c4400fb0c8b191a39b3a4b',8,'evaluate_segmentation',NULL,0);
CREATE TABLE ranking (
	id VARCHAR(100) NOT NULL, 
	checkpoint_id VARCHAR(100) NOT NULL, 
	other_id VARCHAR(100), 
	dataset_id VARCHAR(100) NOT NULL, 
	job_id VARCHAR(100) NOT NULL, 
	record JSON NOT NULL, 
	rows_key VARCHAR(200) NOT NULL, 
	created_at FLOAT NOT NULL, 
	CONSTRAINT pk_ranking PRIMARY KEY (id), 
	CONSTRAINT fk_ranking_checkpoint_id_checkpoint FOREIGN KEY(checkpoint_id) REFERENCES checkpoint (id) ON DELETE CASCADE, 
	CONSTRAINT fk_ranking_other_id_checkpoint FOREIGN KEY(other_id) REFERENCES checkpoint (id) ON DELETE CASCADE, 
	CONSTRAINT fk_ranking_job_id_job FOREIGN KEY(job_id) REFERENCES job (id), 
	CONSTRAINT uq_ranking_job_id UNIQUE (job_id)
);
INSERT INTO "ranking" VALUES('r','ad754360cd474e2d93b93a97847bea44','demo-ssenet','demo','4f0492ef5a184e2f8a3761ff7f089e0d','{"format": 1, "checkpoint": "A", "other": null, "classes": ["cat", "dog"], "images": 1, "measured": 1, "without_class": 0, "masks": false, "alpha": 0.2, "side": 128, "size_limits": null, "alphas": [0.2, 0.4], "agreement": [0.2, 0.4], "agreement_b": [], "protocol": {"dataset": "demo", "dataset_fingerprint": "f", "split": "val", "images": 3, "label_source": "predicted", "scales": [0.5, 1.0], "multi_scale": [0.5, 1.0], "flip": false, "relu_order": "fast", "aggregation": null, "normalisation": "eq3", "crf": null, "alpha_rule": "fixed 0.2", "absent_classes": "zero", "selection": null, "weights_sha256": "0000000000000000000000000000000000000000000000000000000000000000", "code_version": "0", "uses_ground_truth": false}, "protocol_b": null, "lineage": [], "created_at": "2026-11-23T11:13:11.975550Z"}','rankings/r.json',1760000134.0);
CREATE TABLE score (
	id VARCHAR(100) NOT NULL, 
	subject VARCHAR(40) NOT NULL, 
	job_id VARCHAR(100) NOT NULL, 
	dataset_id VARCHAR(100) NOT NULL, 
	checkpoint_id VARCHAR(100), 
	set_id VARCHAR(100), 
	record JSON NOT NULL, 
	counts_key VARCHAR(200) NOT NULL, 
	created_at FLOAT NOT NULL, 
	CONSTRAINT pk_score PRIMARY KEY (id), 
	CONSTRAINT fk_score_checkpoint_id_checkpoint FOREIGN KEY(checkpoint_id) REFERENCES checkpoint (id) ON DELETE SET NULL, 
	CONSTRAINT fk_score_set_id_image_set FOREIGN KEY(set_id) REFERENCES image_set (id) ON DELETE CASCADE, 
	CONSTRAINT fk_score_job_id_job FOREIGN KEY(job_id) REFERENCES job (id), 
	CONSTRAINT uq_score_job_id UNIQUE (job_id)
);
INSERT INTO "score" VALUES('s-242ed2897c744db389dc2c559df7dadf','pseudo-labels','242ed2897c744db389dc2c559df7dadf','demo',NULL,'43a803eb149b410d8134c6606e1fea60','{"format": 1, "subject": "pseudo-labels", "classes": ["cat", "dog"], "image_ids": ["a", "b"], "confusion": [[4, 1, 1], [1, 4, 1], [1, 1, 4]], "protocol": {"dataset": "demo", "dataset_fingerprint": "f", "split": "train", "images": 2, "label_source": "given", "scales": [1.0], "multi_scale": [], "flip": false, "relu_order": "fast", "aggregation": null, "normalisation": "eq3", "crf": null, "alpha_rule": "fixed 0.2", "absent_classes": "zero", "selection": null, "weights_sha256": "0000000000000000000000000000000000000000000000000000000000000000", "code_version": "0", "uses_ground_truth": true}, "lineage": [{"kind": "pseudo_labels", "key": "0000000000000000000000000000000000000000000000000000000000000000", "settings": {}, "epoch": null, "weights_sha256": null}], "coverage": null, "created_at": "2026-11-23T11:13:11.898040Z"}','scores/242ed2897c744db389dc2c559df7dadf.npz',1760000073.0);
INSERT INTO "score" VALUES('s-417f034ad6da4ee5a1336da8cda8ef9d','segmentation','417f034ad6da4ee5a1336da8cda8ef9d','demo','6923931dcc3c4c78842d20d2c28ccbfa','1abab82317024382a00f55fe464ddd43','{"format": 1, "subject": "segmentation", "classes": ["cat", "dog"], "image_ids": ["a", "b"], "confusion": [[4, 1, 1], [1, 4, 1], [1, 1, 4]], "protocol": {"dataset": "demo", "dataset_fingerprint": "f", "split": "train", "images": 2, "label_source": "given", "scales": [1.0], "multi_scale": [], "flip": false, "relu_order": "fast", "aggregation": null, "normalisation": "eq3", "crf": null, "alpha_rule": "fixed 0.2", "absent_classes": "zero", "selection": null, "weights_sha256": "0000000000000000000000000000000000000000000000000000000000000000", "code_version": "0", "uses_ground_truth": true}, "lineage": [{"kind": "pseudo_labels", "key": "0000000000000000000000000000000000000000000000000000000000000000", "settings": {}, "epoch": null, "weights_sha256": null}], "coverage": null, "created_at": "2026-11-23T11:13:11.929571Z"}','scores/417f034ad6da4ee5a1336da8cda8ef9d.npz',1760000096.0);
CREATE TABLE worker (
	id VARCHAR(200) NOT NULL, 
	queue VARCHAR(40) NOT NULL, 
	pid INTEGER NOT NULL, 
	host VARCHAR(200) NOT NULL, 
	state VARCHAR(20) NOT NULL, 
	job_id VARCHAR(100), 
	device VARCHAR(100), 
	warm BOOLEAN NOT NULL, 
	started_at FLOAT NOT NULL, 
	heartbeat_at FLOAT NOT NULL, 
	CONSTRAINT pk_worker PRIMARY KEY (id)
);
INSERT INTO "worker" VALUES('train@old-host:42','train',42,'old-host','busy','ab697bd94ef34959967cc325b5c1cf97','cpu',1,1760000000.0,1760000600.0);
INSERT INTO "worker" VALUES('infer@old-host:42','infer',42,'old-host','idle',NULL,'cpu',1,1760000000.0,1760000600.0);
CREATE INDEX ix_cam_request_checkpoint_id ON cam_request (checkpoint_id);
CREATE INDEX ix_cam_request_image_id ON cam_request (image_id);
CREATE INDEX ix_cam_request_state_expires_at ON cam_request (state, expires_at);
CREATE INDEX ix_image_created_at_id ON image (created_at, id);
CREATE INDEX ix_job_created_at_id ON job (created_at, id);
CREATE INDEX ix_job_parent_id ON job (parent_id);
CREATE INDEX ix_job_state ON job (state);
CREATE INDEX ix_checkpoint_content_sha ON checkpoint (content_sha);
CREATE INDEX ix_checkpoint_created_at_id ON checkpoint (created_at, id);
CREATE INDEX ix_checkpoint_weights_key ON checkpoint (weights_key);
CREATE INDEX ix_evaluation_checkpoint_id ON evaluation (checkpoint_id);
CREATE INDEX ix_evaluation_created_at_id ON evaluation (created_at, id);
CREATE INDEX ix_evaluation_dataset_id ON evaluation (dataset_id);
CREATE INDEX ix_job_content_key ON job (content_key);
CREATE INDEX ix_image_set_created_at_id ON image_set (created_at, id);
CREATE INDEX ix_image_set_dataset_id ON image_set (dataset_id);
CREATE INDEX ix_image_set_key ON image_set ("key");
CREATE INDEX ix_score_created_at_id ON score (created_at, id);
CREATE INDEX ix_score_checkpoint_id ON score (checkpoint_id);
CREATE INDEX ix_score_dataset_id ON score (dataset_id);
CREATE INDEX ix_score_set_id ON score (set_id);
CREATE INDEX ix_pipeline_created_at_id ON pipeline (created_at, id);
CREATE INDEX ix_pipeline_stage_job_id ON pipeline_stage (job_id);
CREATE INDEX ix_ranking_created_at_id ON ranking (created_at, id);
CREATE INDEX ix_ranking_checkpoint_id ON ranking (checkpoint_id);
CREATE INDEX ix_ranking_dataset_id ON ranking (dataset_id);
CREATE INDEX ix_ranking_other_id ON ranking (other_id);
COMMIT;
