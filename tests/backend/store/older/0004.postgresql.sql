


SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;


CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);



CREATE TABLE public.cam_request (
    key character varying(64) NOT NULL,
    checkpoint_id character varying(100) NOT NULL,
    image_id character varying(32) NOT NULL,
    views json NOT NULL,
    state character varying(16) NOT NULL,
    error text,
    created_at double precision NOT NULL,
    expires_at double precision NOT NULL,
    finished_at double precision,
    announced_at double precision NOT NULL,
    CONSTRAINT ck_cam_request_state CHECK (((state)::text = ANY ((ARRAY['pending'::character varying, 'done'::character varying, 'failed'::character varying])::text[])))
);



CREATE TABLE public.checkpoint (
    id character varying(100) NOT NULL,
    name character varying(120) NOT NULL,
    builtin boolean NOT NULL,
    final boolean NOT NULL,
    job_id character varying(100),
    epoch integer,
    step integer,
    method character varying(40) NOT NULL,
    dataset character varying(200),
    card json NOT NULL,
    content_sha character varying(64) NOT NULL,
    weights_key character varying(200),
    weights_path text,
    size bigint NOT NULL,
    created_at double precision NOT NULL,
    CONSTRAINT ck_checkpoint_one_place CHECK (((weights_key IS NULL) <> (weights_path IS NULL)))
);



CREATE TABLE public.dataset (
    id character varying(100) NOT NULL,
    spec json NOT NULL,
    classes json NOT NULL,
    splits json NOT NULL,
    fingerprint character varying(64) NOT NULL,
    label_source text NOT NULL,
    has_masks boolean NOT NULL,
    masked_splits json NOT NULL,
    created_at double precision NOT NULL
);



CREATE TABLE public.evaluation (
    id character varying(100) NOT NULL,
    checkpoint_id character varying(100) NOT NULL,
    dataset_id character varying(100) NOT NULL,
    job_id character varying(100),
    record json NOT NULL,
    summary json NOT NULL,
    histograms_key character varying(200),
    histograms_path text,
    created_at double precision NOT NULL,
    CONSTRAINT ck_evaluation_one_place CHECK (((histograms_key IS NULL) <> (histograms_path IS NULL)))
);



CREATE TABLE public.image (
    id character varying(32) NOT NULL,
    sha character varying(64) NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    name character varying(255) NOT NULL,
    source character varying(16) NOT NULL,
    title text,
    author text,
    licence text,
    origin text,
    labels json NOT NULL,
    created_at double precision NOT NULL
);



CREATE TABLE public.image_set (
    id character varying(100) NOT NULL,
    kind character varying(16) NOT NULL,
    name character varying(120) NOT NULL,
    job_id character varying(100) NOT NULL,
    dataset_id character varying(100) NOT NULL,
    split character varying(100) NOT NULL,
    images integer NOT NULL,
    key character varying(64) NOT NULL,
    folder character varying(200) NOT NULL,
    manifest json NOT NULL,
    size bigint NOT NULL,
    created_at double precision NOT NULL
);



CREATE TABLE public.job (
    id character varying(100) NOT NULL,
    kind character varying(40) NOT NULL,
    name character varying(120),
    settings json NOT NULL,
    dataset_id character varying(100),
    parent_id character varying(100),
    state character varying(16) NOT NULL,
    fence integer NOT NULL,
    attempts integer NOT NULL,
    max_attempts integer NOT NULL,
    lease_owner character varying(200),
    lease_expires_at double precision,
    dispatched_at double precision,
    cancel_requested_at double precision,
    error json,
    measured json,
    step integer NOT NULL,
    event_seq integer NOT NULL,
    progress_done integer,
    progress_total integer,
    progress_unit character varying(20),
    progress_message text,
    progress_at double precision,
    base_done integer,
    base_at double precision,
    idempotency_key character varying(200),
    payload_sha character varying(64),
    created_at double precision NOT NULL,
    started_at double precision,
    finished_at double precision,
    content_key character varying(64),
    CONSTRAINT ck_job_state CHECK (((state)::text = ANY ((ARRAY['queued'::character varying, 'running'::character varying, 'succeeded'::character varying, 'failed'::character varying, 'cancelled'::character varying])::text[])))
);



CREATE TABLE public.job_event (
    job_id character varying(100) NOT NULL,
    seq integer NOT NULL,
    fence integer NOT NULL,
    type character varying(40) NOT NULL,
    data json NOT NULL,
    at double precision NOT NULL
);



CREATE TABLE public.pipeline (
    id character varying(100) NOT NULL,
    name character varying(120),
    settings json NOT NULL,
    dataset_id character varying(100) NOT NULL,
    cancel_requested_at double precision,
    idempotency_key character varying(200),
    payload_sha character varying(64) NOT NULL,
    created_at double precision NOT NULL
);



CREATE TABLE public.pipeline_stage (
    pipeline_id character varying(100) NOT NULL,
    "position" integer NOT NULL,
    name character varying(40) NOT NULL,
    job_id character varying(100),
    reused boolean NOT NULL
);



CREATE TABLE public.ranking (
    id character varying(100) NOT NULL,
    checkpoint_id character varying(100) NOT NULL,
    other_id character varying(100),
    dataset_id character varying(100) NOT NULL,
    job_id character varying(100) NOT NULL,
    record json NOT NULL,
    rows_key character varying(200) NOT NULL,
    created_at double precision NOT NULL
);



CREATE TABLE public.score (
    id character varying(100) NOT NULL,
    subject character varying(40) NOT NULL,
    job_id character varying(100) NOT NULL,
    dataset_id character varying(100) NOT NULL,
    checkpoint_id character varying(100),
    set_id character varying(100),
    record json NOT NULL,
    counts_key character varying(200) NOT NULL,
    created_at double precision NOT NULL
);



CREATE TABLE public.worker (
    id character varying(200) NOT NULL,
    queue character varying(40) NOT NULL,
    pid integer NOT NULL,
    host character varying(200) NOT NULL,
    state character varying(20) NOT NULL,
    job_id character varying(100),
    device character varying(100),
    warm boolean NOT NULL,
    started_at double precision NOT NULL,
    heartbeat_at double precision NOT NULL
);



INSERT INTO public.alembic_version (version_num) VALUES ('0004');



INSERT INTO public.cam_request (key, checkpoint_id, image_id, views, state, error, created_at, expires_at, finished_at, announced_at) VALUES ('62a2fed3d6e08c44835fce71f02210b1ddabfb066e39edf1e6c261988f824dd3', '5de4b31faf8648aa95b8532033dc1e94', '00000000000000000000000000000000', '["s0.5", "s1-flip"]', 'pending', NULL, 1760000216, 1760000276, NULL, 1760000216);
INSERT INTO public.cam_request (key, checkpoint_id, image_id, views, state, error, created_at, expires_at, finished_at, announced_at) VALUES ('a4c3ed04a95a3da14a9d235c83d868bed7c0f45cf7f3faa751ee8f50598d2211', '5de4b31faf8648aa95b8532033dc1e94', '00000000000000000000000000000000', '["s0.5", "s1-flip"]', 'done', NULL, 1760000218, 1760000278, 1760000500, 1760000218);
INSERT INTO public.cam_request (key, checkpoint_id, image_id, views, state, error, created_at, expires_at, finished_at, announced_at) VALUES ('5d28a90f4498a81461efbaf6f628a19d9778390bb5c81a393dd936181cc3d826', '5de4b31faf8648aa95b8532033dc1e94', '00000000000000000000000000000000', '["s0.5", "s1-flip"]', 'failed', 'Größe ''η'' "α" 100 %s :name; -- \ 猫
second line', 1760000220, 1760000280, 1760000500, 1760000220);



INSERT INTO public.checkpoint (id, name, builtin, final, job_id, epoch, step, method, dataset, card, content_sha, weights_key, weights_path, size, created_at) VALUES ('demo-ssenet', 'made', true, true, NULL, NULL, NULL, 'ssenet', 'demo', '{"format": 1, "name": "made", "method": "ssenet", "backbone": "tf_efficientnet_lite0", "stride": 16, "classes": ["cat", "dog"], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "settings": null, "lineage": [], "dataset": "demo", "dataset_fingerprint": null, "epoch": null, "step": null, "seed": null, "metrics": {}, "metrics_protocol": null, "weights_sha256": "2f0177192e8bdee58fd3d5e4479c148d52b55d3f0205f5d9b17973aa261277c2", "code_version": "0", "parent": null, "licence": null, "notes": "", "created_at": "2026-11-23T11:13:13.160429Z"}', '3fc72c66dd4af23dbf776d49a0a737f324253144cc7642147fe862f30d78e928', NULL, '/opt/ssenet-lab/weights/builtin/demo-ssenet.safetensors', 7, 1760000000);
INSERT INTO public.checkpoint (id, name, builtin, final, job_id, epoch, step, method, dataset, card, content_sha, weights_key, weights_path, size, created_at) VALUES ('9151f57ddfd542a686f48a2aed86e841', 'finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line', false, true, '7e8edab52e7b4323a8e46c1962bf7adb', 1, 1, 'ssenet', 'demo', '{"format": 1, "name": "made", "method": "ssenet", "backbone": "tf_efficientnet_lite0", "stride": 16, "classes": ["cat", "dog"], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "settings": null, "lineage": [{"kind": "train_cam", "key": "768d71ce6b4a6a64b8e0e05bcb5dd2947993aa6b97f1f4e95a3cdfe4178b4cfe", "settings": {}, "epoch": null, "weights_sha256": null}], "dataset": "demo", "dataset_fingerprint": null, "epoch": null, "step": null, "seed": null, "metrics": {}, "metrics_protocol": null, "weights_sha256": "79b02927d8f0562fbd294816373e05f95adc5fc128adc016d3f26e15652bb278", "code_version": "0", "parent": null, "licence": null, "notes": "", "created_at": "2026-11-23T11:13:13.190397Z"}', '684ce554037e66147bcd2c80c0cbe9edcb69130f8cd1159f745259f3756ea832', 'weights/79b02927d8f0562fbd294816373e05f95adc5fc128adc016d3f26e15652bb278.safetensors', NULL, 1, 1760000010);
INSERT INTO public.checkpoint (id, name, builtin, final, job_id, epoch, step, method, dataset, card, content_sha, weights_key, weights_path, size, created_at) VALUES ('a37676c2a6f3446d8f5ff0a1d327eba3', 'finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line', false, true, '2b7bb49bac02446093f075206ab6ebb5', 1, 1, 'affinity', 'demo', '{"format": 1, "name": "made", "method": "affinity", "backbone": "tf_efficientnet_lite0", "stride": 16, "classes": ["cat", "dog"], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "settings": null, "lineage": [{"kind": "train_affinity", "key": "70f146bc3b55fd6a78641c04da413e6f961a2563fa5836beb77610d4ac27dd06", "settings": {}, "epoch": null, "weights_sha256": null}], "dataset": "demo", "dataset_fingerprint": null, "epoch": null, "step": null, "seed": null, "metrics": {}, "metrics_protocol": null, "weights_sha256": "7959c6c3a44f72bec505058973eb348179a5b2c7ad4694e8b07bb8265264dac4", "code_version": "0", "parent": null, "licence": null, "notes": "", "created_at": "2026-11-23T11:13:13.288952Z"}', 'e2b455281df6e8eebc20ce67b7fc7ed58d3cfd736f7a687623fc23389b646a65', 'weights/7959c6c3a44f72bec505058973eb348179a5b2c7ad4694e8b07bb8265264dac4.safetensors', NULL, 1, 1760000050);
INSERT INTO public.checkpoint (id, name, builtin, final, job_id, epoch, step, method, dataset, card, content_sha, weights_key, weights_path, size, created_at) VALUES ('a34001b55f4044d69432058d78896a60', 'finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line', false, true, '7588f1bdd4bf418ba94dacf7154c1625', 1, 1, 'segmentation', 'demo', '{"format": 1, "name": "made", "method": "segmentation", "backbone": "tf_efficientnet_lite0", "stride": 16, "classes": ["cat", "dog"], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "settings": null, "lineage": [{"kind": "train_segmentation", "key": "dd0dadc345a607a1efffc562a457d2d0e01509695a210f1f13f1cc7d37be9ab3", "settings": {}, "epoch": null, "weights_sha256": null}], "dataset": "demo", "dataset_fingerprint": null, "epoch": null, "step": null, "seed": null, "metrics": {}, "metrics_protocol": null, "weights_sha256": "0311e3cfa461321db049681494376926088c912a70ffbe3d8b64a86a40c4cd40", "code_version": "0", "parent": null, "licence": null, "notes": "", "created_at": "2026-11-23T11:13:13.366941Z"}', 'c06ad2e3bb38d78bf8851b793e55badda1cb8cb2415aa919c789409f781a0ca6', 'weights/0311e3cfa461321db049681494376926088c912a70ffbe3d8b64a86a40c4cd40.safetensors', NULL, 1, 1760000083);
INSERT INTO public.checkpoint (id, name, builtin, final, job_id, epoch, step, method, dataset, card, content_sha, weights_key, weights_path, size, created_at) VALUES ('93f39aeb49404c1188ff61c1fdbf50dd', 'Größe ''η'' "α" 100 %s :name; -- \ 猫
second line', false, false, '1963720fd82b403a9acdeabbaa7e3adb', 1, 0, 'ssenet', 'demo', '{"format": 1, "name": "made", "method": "ssenet", "backbone": "tf_efficientnet_lite0", "stride": 16, "classes": ["cat", "dog"], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "settings": null, "lineage": [], "dataset": "demo", "dataset_fingerprint": null, "epoch": null, "step": null, "seed": null, "metrics": {}, "metrics_protocol": null, "weights_sha256": "f408830bcc7fab370819172244aa32e3ba66a848835911c02629d9a4dff77992", "code_version": "0", "parent": null, "licence": null, "notes": "", "created_at": "2026-11-23T11:13:13.417840Z"}', '29d6db8945a1455251818b9f21984d1bd25b10c116d18f1c16a9729e9c577976', 'weights/f408830bcc7fab370819172244aa32e3ba66a848835911c02629d9a4dff77992.safetensors', NULL, 1, 1760000109);
INSERT INTO public.checkpoint (id, name, builtin, final, job_id, epoch, step, method, dataset, card, content_sha, weights_key, weights_path, size, created_at) VALUES ('5de4b31faf8648aa95b8532033dc1e94', 'Größe ''η'' "α" 100 %s :name; -- \ 猫
second line', false, true, '1963720fd82b403a9acdeabbaa7e3adb', 1, 1, 'ssenet', 'demo', '{"format": 1, "name": "made", "method": "ssenet", "backbone": "tf_efficientnet_lite0", "stride": 16, "classes": ["cat", "dog"], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "settings": null, "lineage": [{"kind": "train_cam", "key": "bbcc5828c0b24c838662c439d836e4acc872e7ef8e9e0b5307131f8d6e0c5dd3", "settings": {}, "epoch": null, "weights_sha256": null}], "dataset": "demo", "dataset_fingerprint": null, "epoch": null, "step": null, "seed": null, "metrics": {}, "metrics_protocol": null, "weights_sha256": "bfd485388c9c30ed3820f86ddddd09b6eee79a1958f0d6f5f72d1c99949e2b53", "code_version": "0", "parent": null, "licence": null, "notes": "", "created_at": "2026-11-23T11:13:13.423792Z"}', '146d5495b9837c6556f0cbd43c7c135a21ab860e2ea2566e3e432121ecbcc3bd', 'weights/bfd485388c9c30ed3820f86ddddd09b6eee79a1958f0d6f5f72d1c99949e2b53.safetensors', NULL, 1, 1760000114);
INSERT INTO public.checkpoint (id, name, builtin, final, job_id, epoch, step, method, dataset, card, content_sha, weights_key, weights_path, size, created_at) VALUES ('8adaf72ccb584ab79815cbb9ae8dbe10', 'made', false, true, '2a77939a9f8140fdaccf1ea0ab99b98d', 1, 1, 'ssenet', 'demo', '{"format": 1, "name": "made", "method": "ssenet", "backbone": "tf_efficientnet_lite0", "stride": 16, "classes": ["cat", "dog"], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "settings": null, "lineage": [{"kind": "train_cam", "key": "91bc36f971019fdadb0bd1fc901538726b35f943b7705b40010e99e5b3e9acff", "settings": {}, "epoch": null, "weights_sha256": null}], "dataset": "demo", "dataset_fingerprint": null, "epoch": null, "step": null, "seed": null, "metrics": {}, "metrics_protocol": null, "weights_sha256": "a0bfaa0c895084c15d146839c35f5af973f788b14e424c79722aa910d5f2f6ef", "code_version": "0", "parent": null, "licence": null, "notes": "", "created_at": "2026-11-23T11:13:13.512386Z"}', '5699bdf5223971a78c61ce16e1a34632b90c3e7d271c3aa0682786d6834ff91d', 'weights/a0bfaa0c895084c15d146839c35f5af973f788b14e424c79722aa910d5f2f6ef.safetensors', NULL, 1, 1760000166);
INSERT INTO public.checkpoint (id, name, builtin, final, job_id, epoch, step, method, dataset, card, content_sha, weights_key, weights_path, size, created_at) VALUES ('23573d79818d4f458cee91e92f90c9b8', 'under way', false, true, '2da21844d51b4dccbefa1d4956f2b1bf', 1, 1, 'ssenet', 'demo', '{"format": 1, "name": "made", "method": "ssenet", "backbone": "tf_efficientnet_lite0", "stride": 16, "classes": ["cat", "dog"], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "settings": null, "lineage": [{"kind": "train_cam", "key": "e2efa3422b79592f5b9988990fe51d83848bcf02d862441ebbebb71a735c8a08", "settings": {}, "epoch": null, "weights_sha256": null}], "dataset": "demo", "dataset_fingerprint": null, "epoch": null, "step": null, "seed": null, "metrics": {}, "metrics_protocol": null, "weights_sha256": "d420c1905d11549a04d6ce457e7e3d0a0a499eb6d6e263f97349c3dc6bdf7882", "code_version": "0", "parent": null, "licence": null, "notes": "", "created_at": "2026-11-23T11:13:13.552771Z"}', '173b1b64be433a56561b1052094b92bdd502e2666f0c0d3f3d9bdd60802e34ce', 'weights/d420c1905d11549a04d6ce457e7e3d0a0a499eb6d6e263f97349c3dc6bdf7882.safetensors', NULL, 1, 1760000187);



INSERT INTO public.dataset (id, spec, classes, splits, fingerprint, label_source, has_masks, masked_splits, created_at) VALUES ('demo', '{"name": "demo", "kind": "demo"}', '["cat", "dog"]', '{"train": 4, "val": 2}', 'f', 'masks', true, '["train", "val"]', 0);



INSERT INTO public.evaluation (id, checkpoint_id, dataset_id, job_id, record, summary, histograms_key, histograms_path, created_at) VALUES ('demo-ssenet-0', 'demo-ssenet', 'demo', NULL, '{"rows": ["1"], "note": "Gr\u00f6\u00dfe ''\u03b7'' \"\u03b1\" 100 %s :name; -- \\ \u732b\nsecond line"}', '[]', NULL, '/opt/ssenet-lab/weights/builtin/demo-ssenet.evaluation.npz', 1760000000);
INSERT INTO public.evaluation (id, checkpoint_id, dataset_id, job_id, record, summary, histograms_key, histograms_path, created_at) VALUES ('e-97df204ca6774ae893514b44c26709f2', '9151f57ddfd542a686f48a2aed86e841', 'demo', '97df204ca6774ae893514b44c26709f2', '{"format": 1, "checkpoint": "c", "classes": ["cat", "dog"], "image_ids": ["a", "b"], "rows": ["1"], "protocol": {"dataset": "demo", "dataset_fingerprint": "f", "split": "train", "images": 2, "label_source": "given", "scales": [1.0], "multi_scale": [], "flip": false, "relu_order": "fast", "aggregation": null, "normalisation": "eq3", "crf": null, "alpha_rule": "fixed 0.2", "absent_classes": "zero", "selection": null, "weights_sha256": "0000000000000000000000000000000000000000000000000000000000000000", "code_version": "0", "uses_ground_truth": true}, "lineage": [], "agreed_alpha": null, "created_at": "2026-11-23T11:13:13.250814Z"}', '[]', 'evaluations/97df204ca6774ae893514b44c26709f2.npz', NULL, 1760000032);
INSERT INTO public.evaluation (id, checkpoint_id, dataset_id, job_id, record, summary, histograms_key, histograms_path, created_at) VALUES ('e-fb3f463afeb64628a37102b9a8f9dd69', '5de4b31faf8648aa95b8532033dc1e94', 'demo', 'fb3f463afeb64628a37102b9a8f9dd69', '{"format": 1, "checkpoint": "c", "classes": ["cat", "dog"], "image_ids": ["a", "b"], "rows": ["1"], "protocol": {"dataset": "demo", "dataset_fingerprint": "f", "split": "train", "images": 2, "label_source": "given", "scales": [1.0], "multi_scale": [], "flip": false, "relu_order": "fast", "aggregation": null, "normalisation": "eq3", "crf": null, "alpha_rule": "fixed 0.2", "absent_classes": "zero", "selection": null, "weights_sha256": "0000000000000000000000000000000000000000000000000000000000000000", "code_version": "0", "uses_ground_truth": true}, "lineage": [], "agreed_alpha": null, "created_at": "2026-11-23T11:13:13.438755Z"}', '[]', 'evaluations/fb3f463afeb64628a37102b9a8f9dd69.npz', NULL, 1760000124);
INSERT INTO public.evaluation (id, checkpoint_id, dataset_id, job_id, record, summary, histograms_key, histograms_path, created_at) VALUES ('e-06d6449ca5d14145b1bc442ae8d53e84', '8adaf72ccb584ab79815cbb9ae8dbe10', 'demo', '06d6449ca5d14145b1bc442ae8d53e84', '{"format": 1, "checkpoint": "c", "classes": ["cat", "dog"], "image_ids": ["a", "b"], "rows": ["1"], "protocol": {"dataset": "demo", "dataset_fingerprint": "f", "split": "train", "images": 2, "label_source": "given", "scales": [1.0], "multi_scale": [], "flip": false, "relu_order": "fast", "aggregation": null, "normalisation": "eq3", "crf": null, "alpha_rule": "fixed 0.2", "absent_classes": "zero", "selection": null, "weights_sha256": "0000000000000000000000000000000000000000000000000000000000000000", "code_version": "0", "uses_ground_truth": true}, "lineage": [], "agreed_alpha": null, "created_at": "2026-11-23T11:13:13.528575Z"}', '[]', 'evaluations/06d6449ca5d14145b1bc442ae8d53e84.npz', NULL, 1760000176);



INSERT INTO public.image (id, sha, width, height, name, source, title, author, licence, origin, labels, created_at) VALUES ('00000000000000000000000000000000', '0000000000000000000000000000000000000000000000000000000000000000', 32, 24, 'gallery Größe ''η'' "α" 100 %s :name; -- \ 猫
second line', 'gallery', 'Größe ''η'' "α" 100 %s :name; -- \ 猫
second line', 'N. N.', NULL, NULL, '["cat", "dog"]', 1760000001);
INSERT INTO public.image (id, sha, width, height, name, source, title, author, licence, origin, labels, created_at) VALUES ('11111111111111111111111111111111', '1111111111111111111111111111111111111111111111111111111111111111', 32, 24, 'upload Größe ''η'' "α" 100 %s :name; -- \ 猫
second line', 'upload', 'Größe ''η'' "α" 100 %s :name; -- \ 猫
second line', 'N. N.', NULL, NULL, '["cat", "dog"]', 1760000002);
INSERT INTO public.image (id, sha, width, height, name, source, title, author, licence, origin, labels, created_at) VALUES ('22222222222222222222222222222222', '2222222222222222222222222222222222222222222222222222222222222222', 32, 24, 'dataset Größe ''η'' "α" 100 %s :name; -- \ 猫
second line', 'dataset', 'Größe ''η'' "α" 100 %s :name; -- \ 猫
second line', 'N. N.', NULL, NULL, '["cat", "dog"]', 1760000003);



INSERT INTO public.image_set (id, kind, name, job_id, dataset_id, split, images, key, folder, manifest, size, created_at) VALUES ('223ab71a1c9f4efcb1648ff9fa4117e4', 'cams', 'finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line', '85da0b24c59649029bce4801975a3523', 'demo', 'train', 2, '643999e2c6a8e65359f9e5f3841439270aab2031b68cad562adeb095a7362777', 'jobs/85da0b24c59649029bce4801975a3523/attempt-1/result', '{"format": 1, "kind": "cams", "key": "643999e2c6a8e65359f9e5f3841439270aab2031b68cad562adeb095a7362777", "dataset": "demo", "dataset_fingerprint": "f", "split": "train", "image_ids": ["a", "b"], "classes": ["cat", "dog"], "lineage": [{"kind": "infer_cam", "key": "643999e2c6a8e65359f9e5f3841439270aab2031b68cad562adeb095a7362777", "settings": {}, "epoch": null, "weights_sha256": null}], "subject": "", "code_version": "0", "created_at": "2026-11-23T11:13:13.217996Z"}', 9, 1760000020);
INSERT INTO public.image_set (id, kind, name, job_id, dataset_id, split, images, key, folder, manifest, size, created_at) VALUES ('b71d698c8fe5454ebec2b0018c7c334c', 'crf', 'finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line', '40d6beaa65b84db5b7de55bb0774aa75', 'demo', 'train', 2, '73fa3d7060eb7c0c9175e147124f436cb75bc356813484f19b7e1c8e407ecec6', 'jobs/40d6beaa65b84db5b7de55bb0774aa75/attempt-1/result', '{"format": 1, "kind": "crf", "key": "73fa3d7060eb7c0c9175e147124f436cb75bc356813484f19b7e1c8e407ecec6", "dataset": "demo", "dataset_fingerprint": "f", "split": "train", "image_ids": ["a", "b"], "classes": ["cat", "dog"], "lineage": [{"kind": "crf", "key": "73fa3d7060eb7c0c9175e147124f436cb75bc356813484f19b7e1c8e407ecec6", "settings": {}, "epoch": null, "weights_sha256": null}], "subject": "", "code_version": "0", "created_at": "2026-11-23T11:13:13.265408Z"}', 9, 1760000040);
INSERT INTO public.image_set (id, kind, name, job_id, dataset_id, split, images, key, folder, manifest, size, created_at) VALUES ('8178c0d57c6d41a9b8e487e9b9cea949', 'walk', 'finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line', 'f13828a344cd40b8ac39f991753ca8b7', 'demo', 'train', 2, 'feb594e4857de6de622d87f866a0b5c2ca526b2e02bc9f011d958831b843b0b1', 'jobs/f13828a344cd40b8ac39f991753ca8b7/attempt-1/result', '{"format": 1, "kind": "walk", "key": "feb594e4857de6de622d87f866a0b5c2ca526b2e02bc9f011d958831b843b0b1", "dataset": "demo", "dataset_fingerprint": "f", "split": "train", "image_ids": ["a", "b"], "classes": ["cat", "dog"], "lineage": [{"kind": "random_walk", "key": "feb594e4857de6de622d87f866a0b5c2ca526b2e02bc9f011d958831b843b0b1", "settings": {}, "epoch": null, "weights_sha256": null}], "subject": "", "code_version": "0", "created_at": "2026-11-23T11:13:13.312377Z"}', 9, 1760000060);
INSERT INTO public.image_set (id, kind, name, job_id, dataset_id, split, images, key, folder, manifest, size, created_at) VALUES ('546efbf7f07541e98a87860c94e286f2', 'masks', 'finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line', '8ad32b1395564af28a775a80b71c9cb0', 'demo', 'train', 2, '67137cae5e52aa4f813d5071a3194c1d6d328b1eea214e518edde350033174b6', 'jobs/8ad32b1395564af28a775a80b71c9cb0/attempt-1/result', '{"format": 1, "kind": "masks", "key": "67137cae5e52aa4f813d5071a3194c1d6d328b1eea214e518edde350033174b6", "dataset": "demo", "dataset_fingerprint": "f", "split": "train", "image_ids": ["a", "b"], "classes": ["cat", "dog"], "lineage": [{"kind": "pseudo_labels", "key": "67137cae5e52aa4f813d5071a3194c1d6d328b1eea214e518edde350033174b6", "settings": {}, "epoch": null, "weights_sha256": null}], "subject": "pseudo-labels", "code_version": "0", "created_at": "2026-11-23T11:13:13.335471Z"}', 9, 1760000070);
INSERT INTO public.image_set (id, kind, name, job_id, dataset_id, split, images, key, folder, manifest, size, created_at) VALUES ('bc004f4dc5434e14b548d6603a3e5005', 'masks', 'finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line', '85a81f9052194b33bbd2db97ded4a7af', 'demo', 'train', 2, '6b8dfb19d5659f3627519e3d9a0e6fd7905790ec0372705892eee3ebb1cabb0e', 'jobs/85a81f9052194b33bbd2db97ded4a7af/attempt-1/result', '{"format": 1, "kind": "masks", "key": "6b8dfb19d5659f3627519e3d9a0e6fd7905790ec0372705892eee3ebb1cabb0e", "dataset": "demo", "dataset_fingerprint": "f", "split": "train", "image_ids": ["a", "b"], "classes": ["cat", "dog"], "lineage": [{"kind": "pseudo_labels", "key": "6b8dfb19d5659f3627519e3d9a0e6fd7905790ec0372705892eee3ebb1cabb0e", "settings": {}, "epoch": null, "weights_sha256": null}], "subject": "segmentation", "code_version": "0", "created_at": "2026-11-23T11:13:13.390756Z"}', 9, 1760000093);



INSERT INTO public.job (id, kind, name, settings, dataset_id, parent_id, state, fence, attempts, max_attempts, lease_owner, lease_expires_at, dispatched_at, cancel_requested_at, error, measured, step, event_seq, progress_done, progress_total, progress_unit, progress_message, progress_at, base_done, base_at, idempotency_key, payload_sha, created_at, started_at, finished_at, content_key) VALUES ('7e8edab52e7b4323a8e46c1962bf7adb', 'train_cam', 'finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line', '{"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "all", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 128, "jitter": 0.3, "epochs": 2, "batch_size": 16, "optimiser": "adamw", "lr": 0.0003, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 0, "workers": 0, "save_every_steps": 200, "dataset": "demo", "split": "train", "val_split": "val", "train_images": 90, "val_images": 40, "method": "ssenet", "rate": 0.5, "eta": 1.0, "ser_form": "official", "equivariance": "scale", "angle": 30.0, "dropout": 0.0, "scale_min": 128, "scale_max": 192}', 'demo', NULL, 'succeeded', 1, 1, 3, NULL, NULL, NULL, NULL, NULL, NULL, 1, 4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '4353ae442b89ab8e196709e12c62386630cccd5bb1b7522105267d830f2f12c6', 1760000005, 1760000007, 1760000013, '768d71ce6b4a6a64b8e0e05bcb5dd2947993aa6b97f1f4e95a3cdfe4178b4cfe');
INSERT INTO public.job (id, kind, name, settings, dataset_id, parent_id, state, fence, attempts, max_attempts, lease_owner, lease_expires_at, dispatched_at, cancel_requested_at, error, measured, step, event_seq, progress_done, progress_total, progress_unit, progress_message, progress_at, base_done, base_at, idempotency_key, payload_sha, created_at, started_at, finished_at, content_key) VALUES ('40d6beaa65b84db5b7de55bb0774aa75', 'crf', 'finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line', '{"crf": "psa", "crf_iterations": 5, "gaussian_sxy": null, "gaussian_compat": null, "bilateral_sxy": null, "bilateral_srgb": null, "bilateral_compat": null, "processes": 0, "alpha_low": 2.0, "alpha_high": 12.0, "cams": "223ab71a1c9f4efcb1648ff9fa4117e4"}', 'demo', NULL, 'succeeded', 1, 1, 3, NULL, NULL, NULL, NULL, NULL, NULL, 0, 4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '8bef67bb34355abc3531c80cc264aa9a54ea2a454cd6bf99704e41d02a70d08e', 1760000027, 1760000037, 1760000043, '73fa3d7060eb7c0c9175e147124f436cb75bc356813484f19b7e1c8e407ecec6');
INSERT INTO public.job (id, kind, name, settings, dataset_id, parent_id, state, fence, attempts, max_attempts, lease_owner, lease_expires_at, dispatched_at, cancel_requested_at, error, measured, step, event_seq, progress_done, progress_total, progress_unit, progress_message, progress_at, base_done, base_at, idempotency_key, payload_sha, created_at, started_at, finished_at, content_key) VALUES ('85da0b24c59649029bce4801975a3523', 'infer_cam', 'finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line', '{"scales": [1.0, 1.5], "flip": true, "relu_order": "fast", "labels": "given", "checkpoint": "9151f57ddfd542a686f48a2aed86e841", "dataset": "demo", "split": "train", "images": 90}', 'demo', NULL, 'succeeded', 1, 1, 3, NULL, NULL, NULL, NULL, NULL, NULL, 0, 4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'a1f738a92f14591633b6ff03da9e565ccce371d213a1b12c7ecb6ccb308beec7', 1760000015, 1760000017, 1760000023, '643999e2c6a8e65359f9e5f3841439270aab2031b68cad562adeb095a7362777');
INSERT INTO public.job (id, kind, name, settings, dataset_id, parent_id, state, fence, attempts, max_attempts, lease_owner, lease_expires_at, dispatched_at, cancel_requested_at, error, measured, step, event_seq, progress_done, progress_total, progress_unit, progress_message, progress_at, base_done, base_at, idempotency_key, payload_sha, created_at, started_at, finished_at, content_key) VALUES ('97df204ca6774ae893514b44c26709f2', 'evaluate', 'finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line', '{"scales": [1.0, 1.5], "flip": true, "relu_order": "fast", "labels": "given", "checkpoint": "9151f57ddfd542a686f48a2aed86e841", "dataset": "demo", "split": "train", "images": 90, "multi_scale": [1.0, 1.5], "cams": "223ab71a1c9f4efcb1648ff9fa4117e4"}', 'demo', NULL, 'succeeded', 1, 1, 3, NULL, NULL, NULL, NULL, NULL, NULL, 0, 4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '6fc0656b308f023a462b4f6dc8e0e8831fd2da93b218980ba03712c337c73d3c', 1760000025, 1760000029, 1760000035, '74a5ef1269f3ff9a4218eb2d389130296958f4a96cdab9ae81c477298bb60b63');
INSERT INTO public.job (id, kind, name, settings, dataset_id, parent_id, state, fence, attempts, max_attempts, lease_owner, lease_expires_at, dispatched_at, cancel_requested_at, error, measured, step, event_seq, progress_done, progress_total, progress_unit, progress_message, progress_at, base_done, base_at, idempotency_key, payload_sha, created_at, started_at, finished_at, content_key) VALUES ('2b7bb49bac02446093f075206ab6ebb5', 'train_affinity', 'finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line', '{"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "frozen", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 256, "jitter": 0.3, "epochs": 3, "batch_size": 8, "optimiser": "adamw", "lr": 0.001, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 0, "workers": 0, "save_every_steps": 200, "radius": 5, "crf": "b71d698c8fe5454ebec2b0018c7c334c", "start": "9151f57ddfd542a686f48a2aed86e841"}', 'demo', NULL, 'succeeded', 1, 1, 3, NULL, NULL, NULL, NULL, NULL, NULL, 1, 4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '8903ae5a8a883246746628b325e777869d3a33ac08bbcd4b600a302423db4cc8', 1760000045, 1760000047, 1760000053, '70f146bc3b55fd6a78641c04da413e6f961a2563fa5836beb77610d4ac27dd06');
INSERT INTO public.job (id, kind, name, settings, dataset_id, parent_id, state, fence, attempts, max_attempts, lease_owner, lease_expires_at, dispatched_at, cancel_requested_at, error, measured, step, event_seq, progress_done, progress_total, progress_unit, progress_message, progress_at, base_done, base_at, idempotency_key, payload_sha, created_at, started_at, finished_at, content_key) VALUES ('f13828a344cd40b8ac39f991753ca8b7', 'random_walk', 'finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line', '{"beta": 16.0, "log_steps": 6, "radius": 5, "background": "constant", "alpha": 0.25, "power": 16.0, "working_side": 1024, "checkpoint": "a37676c2a6f3446d8f5ff0a1d327eba3", "cams": "223ab71a1c9f4efcb1648ff9fa4117e4"}', 'demo', NULL, 'succeeded', 1, 1, 3, NULL, NULL, NULL, NULL, NULL, NULL, 0, 4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '1cf31a329cac223cf34d141ecbbcc47eee48a15f42f63033f72fea4aa97502d6', 1760000055, 1760000057, 1760000063, 'feb594e4857de6de622d87f866a0b5c2ca526b2e02bc9f011d958831b843b0b1');
INSERT INTO public.job (id, kind, name, settings, dataset_id, parent_id, state, fence, attempts, max_attempts, lease_owner, lease_expires_at, dispatched_at, cancel_requested_at, error, measured, step, event_seq, progress_done, progress_total, progress_unit, progress_message, progress_at, base_done, base_at, idempotency_key, payload_sha, created_at, started_at, finished_at, content_key) VALUES ('8ad32b1395564af28a775a80b71c9cb0', 'pseudo_labels', 'finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line', '{"crf": "off", "crf_iterations": null, "gaussian_sxy": null, "gaussian_compat": null, "bilateral_sxy": null, "bilateral_srgb": null, "bilateral_compat": null, "processes": 0, "alpha": 0.2, "strong": 1.0, "weak": 1.0, "maps": "8178c0d57c6d41a9b8e487e9b9cea949"}', 'demo', NULL, 'succeeded', 1, 1, 3, NULL, NULL, NULL, NULL, NULL, NULL, 0, 5, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '5748e0f9c6dc8f1e924533c5be212ab48474ef2fb5e1d75263180da72c68aca6', 1760000065, 1760000067, 1760000076, '67137cae5e52aa4f813d5071a3194c1d6d328b1eea214e518edde350033174b6');
INSERT INTO public.job (id, kind, name, settings, dataset_id, parent_id, state, fence, attempts, max_attempts, lease_owner, lease_expires_at, dispatched_at, cancel_requested_at, error, measured, step, event_seq, progress_done, progress_total, progress_unit, progress_message, progress_at, base_done, base_at, idempotency_key, payload_sha, created_at, started_at, finished_at, content_key) VALUES ('7588f1bdd4bf418ba94dacf7154c1625', 'train_segmentation', 'finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line', '{"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "all", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 224, "jitter": 0.3, "epochs": 4, "batch_size": 8, "optimiser": "adamw", "lr": 0.0003, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 0, "workers": 0, "save_every_steps": 200, "head_dilation": 12, "head_channels": 128, "dropout": 0.1, "scale_min": 0.5, "scale_max": 1.5, "labels": "546efbf7f07541e98a87860c94e286f2", "val_split": "val", "val_images": 40, "start": "9151f57ddfd542a686f48a2aed86e841"}', 'demo', NULL, 'succeeded', 1, 1, 3, NULL, NULL, NULL, NULL, NULL, NULL, 1, 4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '1d7711c5fab1ff000869eceeefba59dd1067f13c4b06087a5d013c0b54185fb2', 1760000078, 1760000080, 1760000086, 'dd0dadc345a607a1efffc562a457d2d0e01509695a210f1f13f1cc7d37be9ab3');
INSERT INTO public.job (id, kind, name, settings, dataset_id, parent_id, state, fence, attempts, max_attempts, lease_owner, lease_expires_at, dispatched_at, cancel_requested_at, error, measured, step, event_seq, progress_done, progress_total, progress_unit, progress_message, progress_at, base_done, base_at, idempotency_key, payload_sha, created_at, started_at, finished_at, content_key) VALUES ('85a81f9052194b33bbd2db97ded4a7af', 'evaluate_segmentation', 'finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line', '{"crf": "off", "crf_iterations": null, "gaussian_sxy": null, "gaussian_compat": null, "bilateral_sxy": null, "bilateral_srgb": null, "bilateral_compat": null, "processes": 0, "scales": [1.0], "flip": true, "checkpoint": "a34001b55f4044d69432058d78896a60", "dataset": "demo", "split": "val", "images": 40}', 'demo', NULL, 'succeeded', 1, 1, 3, NULL, NULL, NULL, NULL, NULL, NULL, 0, 5, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '3fe7d5640f3d207d4ab745e9cfcb09abd00a4245d86db5e39b3529c9f357f7dc', 1760000088, 1760000090, 1760000099, '6b8dfb19d5659f3627519e3d9a0e6fd7905790ec0372705892eee3ebb1cabb0e');
INSERT INTO public.job (id, kind, name, settings, dataset_id, parent_id, state, fence, attempts, max_attempts, lease_owner, lease_expires_at, dispatched_at, cancel_requested_at, error, measured, step, event_seq, progress_done, progress_total, progress_unit, progress_message, progress_at, base_done, base_at, idempotency_key, payload_sha, created_at, started_at, finished_at, content_key) VALUES ('1963720fd82b403a9acdeabbaa7e3adb', 'train_cam', 'Größe ''η'' "α" 100 %s :name; -- \ 猫
second line', '{"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "all", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 256, "jitter": 0.3, "epochs": 8, "batch_size": 16, "optimiser": "adamw", "lr": 0.0003, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 2, "workers": 0, "save_every_steps": 200, "dataset": "demo", "split": "train", "val_split": "val", "train_images": null, "val_images": null, "method": "ssenet", "rate": 0.5, "eta": 1.0, "ser_form": "official", "equivariance": "scale", "angle": 30.0, "dropout": 0.0, "scale_min": 256, "scale_max": 435}', 'demo', NULL, 'succeeded', 1, 1, 3, NULL, NULL, NULL, NULL, NULL, '{"seconds": 12.5, "done": 2, "unit": "steps", "per_second": 0.25}', 1, 7, 2, 2, 'steps', 'Größe ''η'' "α" 100 %s :name; -- \ 猫
second line', 1760000111, 2, 1760000111, 'job-key', 'dccbc13616b1e09907e69a908296c9aaeb726985fd03924f360fc3dd882a68fa', 1760000101, 1760000103, 1760000117, 'bbcc5828c0b24c838662c439d836e4acc872e7ef8e9e0b5307131f8d6e0c5dd3');
INSERT INTO public.job (id, kind, name, settings, dataset_id, parent_id, state, fence, attempts, max_attempts, lease_owner, lease_expires_at, dispatched_at, cancel_requested_at, error, measured, step, event_seq, progress_done, progress_total, progress_unit, progress_message, progress_at, base_done, base_at, idempotency_key, payload_sha, created_at, started_at, finished_at, content_key) VALUES ('887201c5e3344e739065b02fdb623e62', 'train_cam', NULL, '{"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "all", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 256, "jitter": 0.3, "epochs": 8, "batch_size": 16, "optimiser": "adamw", "lr": 0.0003, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 3, "workers": 0, "save_every_steps": 200, "dataset": "demo", "split": "train", "val_split": "val", "train_images": null, "val_images": null, "method": "ssenet", "rate": 0.5, "eta": 1.0, "ser_form": "official", "equivariance": "scale", "angle": 30.0, "dropout": 0.0, "scale_min": 256, "scale_max": 435}', 'demo', NULL, 'failed', 1, 1, 3, NULL, NULL, NULL, NULL, '{"kind": "crash", "message": "Gr\u00f6\u00dfe ''\u03b7'' \"\u03b1\" 100 %s :name; -- \\ \u732b\nsecond line"}', NULL, 0, 3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'fda1169d46517860bfa5b7d6ac7af9d1a19ffa7348a198a4b1fc8eddffa08b40', 1760000139, 1760000141, 1760000144, '91bc36f971019fdadb0bd1fc901538726b35f943b7705b40010e99e5b3e9acff');
INSERT INTO public.job (id, kind, name, settings, dataset_id, parent_id, state, fence, attempts, max_attempts, lease_owner, lease_expires_at, dispatched_at, cancel_requested_at, error, measured, step, event_seq, progress_done, progress_total, progress_unit, progress_message, progress_at, base_done, base_at, idempotency_key, payload_sha, created_at, started_at, finished_at, content_key) VALUES ('2b09284d99dc4e8b857585b4a38288db', 'train_cam', NULL, '{"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "all", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 256, "jitter": 0.3, "epochs": 8, "batch_size": 16, "optimiser": "adamw", "lr": 0.0003, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 4, "workers": 0, "save_every_steps": 200, "dataset": "demo", "split": "train", "val_split": "val", "train_images": null, "val_images": null, "method": "ssenet", "rate": 0.5, "eta": 1.0, "ser_form": "official", "equivariance": "scale", "angle": 30.0, "dropout": 0.0, "scale_min": 256, "scale_max": 435}', 'demo', NULL, 'cancelled', 0, 0, 3, NULL, NULL, NULL, 1760000148, NULL, NULL, 0, 2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'f5e22e1592855e5bd35351a97eaddf53c53a4927f5ee48cdef2ed2e4606dd5fd', 1760000146, NULL, 1760000149, 'a274f62e5b329bfb14ff0f8d1593814bedb6b2342d7958d3a9b3a01443f30fab');
INSERT INTO public.job (id, kind, name, settings, dataset_id, parent_id, state, fence, attempts, max_attempts, lease_owner, lease_expires_at, dispatched_at, cancel_requested_at, error, measured, step, event_seq, progress_done, progress_total, progress_unit, progress_message, progress_at, base_done, base_at, idempotency_key, payload_sha, created_at, started_at, finished_at, content_key) VALUES ('fb3f463afeb64628a37102b9a8f9dd69', 'evaluate', 'Größe ''η'' "α" 100 %s :name; -- \ 猫
second line', '{"scales": [0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0], "flip": false, "relu_order": "fast", "labels": "given", "checkpoint": "5de4b31faf8648aa95b8532033dc1e94", "dataset": "demo", "split": "val", "images": null, "multi_scale": [0.5, 1.0, 1.5, 2.0], "cams": null}', 'demo', '1963720fd82b403a9acdeabbaa7e3adb', 'succeeded', 1, 1, 3, NULL, NULL, NULL, NULL, NULL, NULL, 0, 4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '8165c4b21fa60fe6803ecb6b06c29118568303d195ac6a68c38dcbc124e11eba', 1760000119, 1760000121, 1760000127, 'b68f86cbe1eb9d5651aa1c134e79682bb27d58016c2403bc38bdeeca137e668c');
INSERT INTO public.job (id, kind, name, settings, dataset_id, parent_id, state, fence, attempts, max_attempts, lease_owner, lease_expires_at, dispatched_at, cancel_requested_at, error, measured, step, event_seq, progress_done, progress_total, progress_unit, progress_message, progress_at, base_done, base_at, idempotency_key, payload_sha, created_at, started_at, finished_at, content_key) VALUES ('713e9101d495465aa545c75273989366', 'triage', NULL, '{"checkpoint": "5de4b31faf8648aa95b8532033dc1e94", "other": "demo-ssenet", "dataset": "demo", "split": "val", "images": null, "scales": [0.5, 1.0, 1.5, 2.0], "flip": false, "relu_order": "fast", "labels": "predicted", "alpha": 0.2}', 'demo', NULL, 'succeeded', 1, 1, 3, NULL, NULL, NULL, NULL, NULL, NULL, 0, 4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '0300e09fc2cdf3587d2e569a92c7d9fd90437e23778380d98f1d60718a48570e', 1760000129, 1760000131, 1760000137, '4f7771a10c3b3085e57891505a121c72f40692f5fa4503da9154ff9f26fd94f9');
INSERT INTO public.job (id, kind, name, settings, dataset_id, parent_id, state, fence, attempts, max_attempts, lease_owner, lease_expires_at, dispatched_at, cancel_requested_at, error, measured, step, event_seq, progress_done, progress_total, progress_unit, progress_message, progress_at, base_done, base_at, idempotency_key, payload_sha, created_at, started_at, finished_at, content_key) VALUES ('950a9fbdac514072af6d8c0c864719f5', 'train_cam', NULL, '{"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "all", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 256, "jitter": 0.3, "epochs": 8, "batch_size": 16, "optimiser": "adamw", "lr": 0.0003, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 5, "workers": 0, "save_every_steps": 200, "dataset": "demo", "split": "train", "val_split": "val", "train_images": null, "val_images": null, "method": "ssenet", "rate": 0.5, "eta": 1.0, "ser_form": "official", "equivariance": "scale", "angle": 30.0, "dropout": 0.0, "scale_min": 256, "scale_max": 435}', 'demo', NULL, 'cancelled', 1, 1, 3, NULL, NULL, NULL, 1760000155, NULL, NULL, 0, 4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '989495ac6e8ede0b59586edba80a7399cacbe206d397b9ddedf61ff28690f72e', 1760000151, 1760000153, 1760000159, '0f1baa0aa637942870133fe98a30f04c4778d04e43638292f484bd9b3f4e2e5c');
INSERT INTO public.job (id, kind, name, settings, dataset_id, parent_id, state, fence, attempts, max_attempts, lease_owner, lease_expires_at, dispatched_at, cancel_requested_at, error, measured, step, event_seq, progress_done, progress_total, progress_unit, progress_message, progress_at, base_done, base_at, idempotency_key, payload_sha, created_at, started_at, finished_at, content_key) VALUES ('45f8afcb909443458f6c12beb5179cbe', 'train_cam', 'waiting', '{"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "all", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 256, "jitter": 0.3, "epochs": 8, "batch_size": 16, "optimiser": "adamw", "lr": 0.0003, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 8, "workers": 0, "save_every_steps": 200, "dataset": "demo", "split": "train", "val_split": "val", "train_images": null, "val_images": null, "method": "ssenet", "rate": 0.5, "eta": 1.0, "ser_form": "official", "equivariance": "scale", "angle": 30.0, "dropout": 0.0, "scale_min": 256, "scale_max": 435}', 'demo', NULL, 'queued', 0, 0, 3, NULL, NULL, 1760000215, NULL, NULL, NULL, 0, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'a262428e73f8485ba27bf9b2842328d1a05c845e7d2310c7df60d62a51658fc7', 1760000213, NULL, NULL, '13d7fbbc2f56d5d9db7f49504d3451826ee43f9940b4bd05d9b69ab33b556848');
INSERT INTO public.job (id, kind, name, settings, dataset_id, parent_id, state, fence, attempts, max_attempts, lease_owner, lease_expires_at, dispatched_at, cancel_requested_at, error, measured, step, event_seq, progress_done, progress_total, progress_unit, progress_message, progress_at, base_done, base_at, idempotency_key, payload_sha, created_at, started_at, finished_at, content_key) VALUES ('2a77939a9f8140fdaccf1ea0ab99b98d', 'train_cam', NULL, '{"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "all", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 256, "jitter": 0.3, "epochs": 8, "batch_size": 16, "optimiser": "adamw", "lr": 0.0003, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 3, "workers": 0, "save_every_steps": 200, "dataset": "demo", "split": "train", "val_split": "val", "train_images": null, "val_images": null, "method": "ssenet", "rate": 0.5, "eta": 1.0, "ser_form": "official", "equivariance": "scale", "angle": 30.0, "dropout": 0.0, "scale_min": 256, "scale_max": 435}', 'demo', '887201c5e3344e739065b02fdb623e62', 'succeeded', 1, 1, 3, NULL, NULL, NULL, NULL, NULL, NULL, 1, 4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2bc81be461955e486210f0f71bab34fe3bc35f83fa2b72b0ed6ca2c2ece37103', 1760000161, 1760000163, 1760000169, '91bc36f971019fdadb0bd1fc901538726b35f943b7705b40010e99e5b3e9acff');
INSERT INTO public.job (id, kind, name, settings, dataset_id, parent_id, state, fence, attempts, max_attempts, lease_owner, lease_expires_at, dispatched_at, cancel_requested_at, error, measured, step, event_seq, progress_done, progress_total, progress_unit, progress_message, progress_at, base_done, base_at, idempotency_key, payload_sha, created_at, started_at, finished_at, content_key) VALUES ('06d6449ca5d14145b1bc442ae8d53e84', 'evaluate', NULL, '{"scales": [0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0], "flip": false, "relu_order": "fast", "labels": "given", "checkpoint": "8adaf72ccb584ab79815cbb9ae8dbe10", "dataset": "demo", "split": "val", "images": null, "multi_scale": [0.5, 1.0, 1.5, 2.0], "cams": null}', 'demo', '2a77939a9f8140fdaccf1ea0ab99b98d', 'succeeded', 1, 1, 3, NULL, NULL, NULL, NULL, NULL, NULL, 0, 4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '241c8601a5d07ae3a9f2c14aba11aafb5d4944a2708d0f719682590e2bf5c0ea', 1760000171, 1760000173, 1760000179, '7ae887edc7028d952b6a68b066bcb629e3f24c021e1613f5f6d78e27c59da236');
INSERT INTO public.job (id, kind, name, settings, dataset_id, parent_id, state, fence, attempts, max_attempts, lease_owner, lease_expires_at, dispatched_at, cancel_requested_at, error, measured, step, event_seq, progress_done, progress_total, progress_unit, progress_message, progress_at, base_done, base_at, idempotency_key, payload_sha, created_at, started_at, finished_at, content_key) VALUES ('2da21844d51b4dccbefa1d4956f2b1bf', 'train_cam', 'under way', '{"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "all", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 128, "jitter": 0.3, "epochs": 2, "batch_size": 16, "optimiser": "adamw", "lr": 0.0003, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 0, "workers": 0, "save_every_steps": 200, "dataset": "demo", "split": "train", "val_split": "val", "train_images": 60, "val_images": 40, "method": "ssenet", "rate": 0.5, "eta": 1.0, "ser_form": "official", "equivariance": "scale", "angle": 30.0, "dropout": 0.0, "scale_min": 128, "scale_max": 192}', 'demo', NULL, 'succeeded', 1, 1, 3, NULL, NULL, NULL, NULL, NULL, NULL, 1, 4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '90b34c377c7e696183626a6049516e15cfa8a06e3d2b75f176a4b9988544c91e', 1760000182, 1760000184, 1760000190, 'e2efa3422b79592f5b9988990fe51d83848bcf02d862441ebbebb71a735c8a08');
INSERT INTO public.job (id, kind, name, settings, dataset_id, parent_id, state, fence, attempts, max_attempts, lease_owner, lease_expires_at, dispatched_at, cancel_requested_at, error, measured, step, event_seq, progress_done, progress_total, progress_unit, progress_message, progress_at, base_done, base_at, idempotency_key, payload_sha, created_at, started_at, finished_at, content_key) VALUES ('93d4a103cb1e4038bfd63c501f594f32', 'infer_cam', 'under way', '{"scales": [1.0, 1.5], "flip": true, "relu_order": "fast", "labels": "given", "checkpoint": "23573d79818d4f458cee91e92f90c9b8", "dataset": "demo", "split": "train", "images": 60}', 'demo', NULL, 'queued', 0, 0, 3, NULL, NULL, NULL, NULL, NULL, NULL, 0, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'c873d065e74f418d9f2278d18e35e79544b1b2d68b41a6251d043c92c2def692', 1760000192, NULL, NULL, 'af089bf06717e6881cb1f2f491bfeadcc1ad6d47cf5e2ca9efd7dd1ee50e886e');
INSERT INTO public.job (id, kind, name, settings, dataset_id, parent_id, state, fence, attempts, max_attempts, lease_owner, lease_expires_at, dispatched_at, cancel_requested_at, error, measured, step, event_seq, progress_done, progress_total, progress_unit, progress_message, progress_at, base_done, base_at, idempotency_key, payload_sha, created_at, started_at, finished_at, content_key) VALUES ('8aab98e2840e4290b918ee50e05dd5ff', 'infer_cam', NULL, '{"scales": [0.5, 1.0, 1.5, 2.0], "flip": true, "relu_order": "fast", "labels": "given", "checkpoint": "demo-ssenet", "dataset": "demo", "split": "val", "images": null}', 'demo', NULL, 'running', 1, 1, 3, 'train@old-host:42', 1760000268, NULL, 1760000210, NULL, NULL, 0, 3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'fa86011de58b14ef1c94021e3d5f5e4a4c1ad8c9750c9b386cf9e5cb27369244', 1760000206, 1760000208, NULL, '0932d47c5305762535673a6be97b7d7475b699c35dd245a96f10a9bf0b99aa89');
INSERT INTO public.job (id, kind, name, settings, dataset_id, parent_id, state, fence, attempts, max_attempts, lease_owner, lease_expires_at, dispatched_at, cancel_requested_at, error, measured, step, event_seq, progress_done, progress_total, progress_unit, progress_message, progress_at, base_done, base_at, idempotency_key, payload_sha, created_at, started_at, finished_at, content_key) VALUES ('cbdb111d288c44b6aeeceb9edbacfa60', 'train_cam', 'running', '{"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "all", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 256, "jitter": 0.3, "epochs": 8, "batch_size": 16, "optimiser": "adamw", "lr": 0.0003, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 7, "workers": 0, "save_every_steps": 200, "dataset": "demo", "split": "train", "val_split": "val", "train_images": null, "val_images": null, "method": "ssenet", "rate": 0.5, "eta": 1.0, "ser_form": "official", "equivariance": "scale", "angle": 30.0, "dropout": 0.0, "scale_min": 256, "scale_max": 435}', 'demo', NULL, 'running', 2, 1, 3, 'train@old-host:42', 1760000260, NULL, NULL, NULL, NULL, 0, 5, 30, 100, 'steps', 'epoch 1 of 2', 1760000202, 30, 1760000202, NULL, '83c594b4a4afc337fd75b4ae52adb25e74014ca12ea493243d7717be6a0e4900', 1760000194, 1760000196, NULL, 'efd623d97e7f8b72614f653b11f864034d637c15e9ddcb7473a8040c21a6c56c');



INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('7e8edab52e7b4323a8e46c1962bf7adb', 1, 0, 'state', '{"state": "queued"}', 1760000006);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('7e8edab52e7b4323a8e46c1962bf7adb', 2, 1, 'state', '{"state": "running", "attempt": 1, "worker": "worker"}', 1760000008);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('7e8edab52e7b4323a8e46c1962bf7adb', 3, 1, 'checkpoint', '{"checkpoint": "9151f57ddfd542a686f48a2aed86e841", "epoch": 1, "step": 1, "final": true}', 1760000011);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('7e8edab52e7b4323a8e46c1962bf7adb', 4, 1, 'state', '{"state": "succeeded"}', 1760000014);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('85da0b24c59649029bce4801975a3523', 1, 0, 'state', '{"state": "queued"}', 1760000016);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('85da0b24c59649029bce4801975a3523', 2, 1, 'state', '{"state": "running", "attempt": 1, "worker": "worker"}', 1760000018);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('85da0b24c59649029bce4801975a3523', 3, 1, 'set', '{"set": "223ab71a1c9f4efcb1648ff9fa4117e4", "kind": "cams", "images": 2}', 1760000021);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('85da0b24c59649029bce4801975a3523', 4, 1, 'state', '{"state": "succeeded"}', 1760000024);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('97df204ca6774ae893514b44c26709f2', 1, 0, 'state', '{"state": "queued"}', 1760000026);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('40d6beaa65b84db5b7de55bb0774aa75', 1, 0, 'state', '{"state": "queued"}', 1760000028);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('97df204ca6774ae893514b44c26709f2', 2, 1, 'state', '{"state": "running", "attempt": 1, "worker": "worker"}', 1760000030);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('97df204ca6774ae893514b44c26709f2', 3, 1, 'evaluation', '{"evaluation": "e-97df204ca6774ae893514b44c26709f2"}', 1760000033);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('97df204ca6774ae893514b44c26709f2', 4, 1, 'state', '{"state": "succeeded"}', 1760000036);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('40d6beaa65b84db5b7de55bb0774aa75', 2, 1, 'state', '{"state": "running", "attempt": 1, "worker": "worker"}', 1760000038);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('40d6beaa65b84db5b7de55bb0774aa75', 3, 1, 'set', '{"set": "b71d698c8fe5454ebec2b0018c7c334c", "kind": "crf", "images": 2}', 1760000041);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('40d6beaa65b84db5b7de55bb0774aa75', 4, 1, 'state', '{"state": "succeeded"}', 1760000044);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('2b7bb49bac02446093f075206ab6ebb5', 1, 0, 'state', '{"state": "queued"}', 1760000046);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('2b7bb49bac02446093f075206ab6ebb5', 2, 1, 'state', '{"state": "running", "attempt": 1, "worker": "worker"}', 1760000048);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('2b7bb49bac02446093f075206ab6ebb5', 3, 1, 'checkpoint', '{"checkpoint": "a37676c2a6f3446d8f5ff0a1d327eba3", "epoch": 1, "step": 1, "final": true}', 1760000051);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('2b7bb49bac02446093f075206ab6ebb5', 4, 1, 'state', '{"state": "succeeded"}', 1760000054);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('f13828a344cd40b8ac39f991753ca8b7', 1, 0, 'state', '{"state": "queued"}', 1760000056);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('f13828a344cd40b8ac39f991753ca8b7', 2, 1, 'state', '{"state": "running", "attempt": 1, "worker": "worker"}', 1760000058);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('f13828a344cd40b8ac39f991753ca8b7', 3, 1, 'set', '{"set": "8178c0d57c6d41a9b8e487e9b9cea949", "kind": "walk", "images": 2}', 1760000061);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('f13828a344cd40b8ac39f991753ca8b7', 4, 1, 'state', '{"state": "succeeded"}', 1760000064);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('8ad32b1395564af28a775a80b71c9cb0', 1, 0, 'state', '{"state": "queued"}', 1760000066);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('8ad32b1395564af28a775a80b71c9cb0', 2, 1, 'state', '{"state": "running", "attempt": 1, "worker": "worker"}', 1760000068);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('8ad32b1395564af28a775a80b71c9cb0', 3, 1, 'set', '{"set": "546efbf7f07541e98a87860c94e286f2", "kind": "masks", "images": 2}', 1760000071);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('8ad32b1395564af28a775a80b71c9cb0', 4, 1, 'scores', '{"score": "s-8ad32b1395564af28a775a80b71c9cb0", "miou": 50.0}', 1760000074);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('8ad32b1395564af28a775a80b71c9cb0', 5, 1, 'state', '{"state": "succeeded"}', 1760000077);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('7588f1bdd4bf418ba94dacf7154c1625', 1, 0, 'state', '{"state": "queued"}', 1760000079);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('7588f1bdd4bf418ba94dacf7154c1625', 2, 1, 'state', '{"state": "running", "attempt": 1, "worker": "worker"}', 1760000081);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('7588f1bdd4bf418ba94dacf7154c1625', 3, 1, 'checkpoint', '{"checkpoint": "a34001b55f4044d69432058d78896a60", "epoch": 1, "step": 1, "final": true}', 1760000084);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('7588f1bdd4bf418ba94dacf7154c1625', 4, 1, 'state', '{"state": "succeeded"}', 1760000087);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('85a81f9052194b33bbd2db97ded4a7af', 1, 0, 'state', '{"state": "queued"}', 1760000089);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('85a81f9052194b33bbd2db97ded4a7af', 2, 1, 'state', '{"state": "running", "attempt": 1, "worker": "worker"}', 1760000091);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('85a81f9052194b33bbd2db97ded4a7af', 3, 1, 'set', '{"set": "bc004f4dc5434e14b548d6603a3e5005", "kind": "masks", "images": 2}', 1760000094);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('85a81f9052194b33bbd2db97ded4a7af', 4, 1, 'scores', '{"score": "s-85a81f9052194b33bbd2db97ded4a7af", "miou": 50.0}', 1760000097);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('85a81f9052194b33bbd2db97ded4a7af', 5, 1, 'state', '{"state": "succeeded"}', 1760000100);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('1963720fd82b403a9acdeabbaa7e3adb', 1, 0, 'state', '{"state": "queued"}', 1760000102);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('1963720fd82b403a9acdeabbaa7e3adb', 2, 1, 'state', '{"state": "running", "attempt": 1, "worker": "train@old-host:42"}', 1760000104);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('1963720fd82b403a9acdeabbaa7e3adb', 3, 1, 'metrics', '{"step": 1, "values": {"loss": 1.0}}', 1760000106);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('1963720fd82b403a9acdeabbaa7e3adb', 4, 1, 'metrics', '{"step": 2, "values": {"loss": 0.5}}', 1760000107);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('1963720fd82b403a9acdeabbaa7e3adb', 5, 1, 'checkpoint', '{"checkpoint": "93f39aeb49404c1188ff61c1fdbf50dd", "epoch": 1, "step": 0, "final": false}', 1760000110);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('1963720fd82b403a9acdeabbaa7e3adb', 6, 1, 'checkpoint', '{"checkpoint": "5de4b31faf8648aa95b8532033dc1e94", "epoch": 1, "step": 1, "final": true}', 1760000115);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('1963720fd82b403a9acdeabbaa7e3adb', 7, 1, 'state', '{"state": "succeeded"}', 1760000118);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('fb3f463afeb64628a37102b9a8f9dd69', 1, 0, 'state', '{"state": "queued"}', 1760000120);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('fb3f463afeb64628a37102b9a8f9dd69', 2, 1, 'state', '{"state": "running", "attempt": 1, "worker": "worker"}', 1760000122);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('fb3f463afeb64628a37102b9a8f9dd69', 3, 1, 'evaluation', '{"evaluation": "e-fb3f463afeb64628a37102b9a8f9dd69"}', 1760000125);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('fb3f463afeb64628a37102b9a8f9dd69', 4, 1, 'state', '{"state": "succeeded"}', 1760000128);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('713e9101d495465aa545c75273989366', 1, 0, 'state', '{"state": "queued"}', 1760000130);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('713e9101d495465aa545c75273989366', 2, 1, 'state', '{"state": "running", "attempt": 1, "worker": "train@old-host:42"}', 1760000132);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('713e9101d495465aa545c75273989366', 3, 1, 'ranking', '{"ranking": "r", "images": 1}', 1760000135);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('713e9101d495465aa545c75273989366', 4, 1, 'state', '{"state": "succeeded"}', 1760000138);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('887201c5e3344e739065b02fdb623e62', 1, 0, 'state', '{"state": "queued"}', 1760000140);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('887201c5e3344e739065b02fdb623e62', 2, 1, 'state', '{"state": "running", "attempt": 1, "worker": "train@old-host:42"}', 1760000142);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('887201c5e3344e739065b02fdb623e62', 3, 1, 'state', '{"state": "failed", "kind": "crash", "message": "Gr\u00f6\u00dfe ''\u03b7'' \"\u03b1\" 100 %s :name; -- \\ \u732b\nsecond line"}', 1760000145);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('2b09284d99dc4e8b857585b4a38288db', 1, 0, 'state', '{"state": "queued"}', 1760000147);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('2b09284d99dc4e8b857585b4a38288db', 2, 0, 'state', '{"state": "cancelled"}', 1760000150);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('950a9fbdac514072af6d8c0c864719f5', 1, 0, 'state', '{"state": "queued"}', 1760000152);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('950a9fbdac514072af6d8c0c864719f5', 2, 1, 'state', '{"state": "running", "attempt": 1, "worker": "train@old-host:42"}', 1760000154);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('950a9fbdac514072af6d8c0c864719f5', 3, 1, 'cancel_requested', '{}', 1760000157);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('2a77939a9f8140fdaccf1ea0ab99b98d', 1, 0, 'state', '{"state": "queued"}', 1760000162);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('2a77939a9f8140fdaccf1ea0ab99b98d', 2, 1, 'state', '{"state": "running", "attempt": 1, "worker": "worker"}', 1760000164);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('2a77939a9f8140fdaccf1ea0ab99b98d', 3, 1, 'checkpoint', '{"checkpoint": "8adaf72ccb584ab79815cbb9ae8dbe10", "epoch": 1, "step": 1, "final": true}', 1760000167);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('2a77939a9f8140fdaccf1ea0ab99b98d', 4, 1, 'state', '{"state": "succeeded"}', 1760000170);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('06d6449ca5d14145b1bc442ae8d53e84', 1, 0, 'state', '{"state": "queued"}', 1760000172);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('06d6449ca5d14145b1bc442ae8d53e84', 2, 1, 'state', '{"state": "running", "attempt": 1, "worker": "worker"}', 1760000174);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('06d6449ca5d14145b1bc442ae8d53e84', 3, 1, 'evaluation', '{"evaluation": "e-06d6449ca5d14145b1bc442ae8d53e84"}', 1760000177);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('06d6449ca5d14145b1bc442ae8d53e84', 4, 1, 'state', '{"state": "succeeded"}', 1760000180);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('2da21844d51b4dccbefa1d4956f2b1bf', 1, 0, 'state', '{"state": "queued"}', 1760000183);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('2da21844d51b4dccbefa1d4956f2b1bf', 2, 1, 'state', '{"state": "running", "attempt": 1, "worker": "worker"}', 1760000185);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('2da21844d51b4dccbefa1d4956f2b1bf', 3, 1, 'checkpoint', '{"checkpoint": "23573d79818d4f458cee91e92f90c9b8", "epoch": 1, "step": 1, "final": true}', 1760000188);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('2da21844d51b4dccbefa1d4956f2b1bf', 4, 1, 'state', '{"state": "succeeded"}', 1760000191);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('93d4a103cb1e4038bfd63c501f594f32', 1, 0, 'state', '{"state": "queued"}', 1760000193);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('cbdb111d288c44b6aeeceb9edbacfa60', 2, 1, 'state', '{"state": "running", "attempt": 1, "worker": "train@old-host:42"}', 1760000197);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('cbdb111d288c44b6aeeceb9edbacfa60', 4, 2, 'state', '{"state": "running", "attempt": 1, "worker": "train@old-host:42"}', 1760000201);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('8aab98e2840e4290b918ee50e05dd5ff', 1, 0, 'state', '{"state": "queued"}', 1760000207);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('8aab98e2840e4290b918ee50e05dd5ff', 3, 1, 'cancel_requested', '{}', 1760000212);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('950a9fbdac514072af6d8c0c864719f5', 4, 1, 'state', '{"state": "cancelled"}', 1760000160);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('cbdb111d288c44b6aeeceb9edbacfa60', 1, 0, 'state', '{"state": "queued"}', 1760000195);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('cbdb111d288c44b6aeeceb9edbacfa60', 3, 1, 'state', '{"state": "queued", "reason": "the worker shuts down"}', 1760000199);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('cbdb111d288c44b6aeeceb9edbacfa60', 5, 2, 'metrics', '{"step": 30, "values": {"loss": 0.5}}', 1760000205);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('8aab98e2840e4290b918ee50e05dd5ff', 2, 1, 'state', '{"state": "running", "attempt": 1, "worker": "train@old-host:42"}', 1760000209);
INSERT INTO public.job_event (job_id, seq, fence, type, data, at) VALUES ('45f8afcb909443458f6c12beb5179cbe', 1, 0, 'state', '{"state": "queued"}', 1760000214);



INSERT INTO public.pipeline (id, name, settings, dataset_id, cancel_requested_at, idempotency_key, payload_sha, created_at) VALUES ('531cf6aba1e44fcba5aeaf90fa150b7d', 'finished Größe ''η'' "α" 100 %s :name; -- \ 猫
second line', '{"dataset": "demo", "split": "train", "images": 90, "val_split": "val", "val_images": 40, "checkpoint": null, "train": {"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "all", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 128, "jitter": 0.3, "epochs": 2, "batch_size": 16, "optimiser": "adamw", "lr": 0.0003, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 0, "workers": 0, "save_every_steps": 200, "dataset": "demo", "split": "train", "val_split": "val", "train_images": 128, "val_images": 24, "method": "ssenet", "rate": 0.5, "eta": 1.0, "ser_form": "official", "equivariance": "scale", "angle": 30.0, "dropout": 0.0, "scale_min": 128, "scale_max": 192}, "start_from_cam": true, "cams": {"scales": [1.0, 1.5], "flip": true, "relu_order": "fast", "labels": "given"}, "crf": {"crf": "psa", "crf_iterations": 5, "gaussian_sxy": null, "gaussian_compat": null, "bilateral_sxy": null, "bilateral_srgb": null, "bilateral_compat": null, "processes": 0, "alpha_low": 2.0, "alpha_high": 12.0}, "affinity": {"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "frozen", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 256, "jitter": 0.3, "epochs": 3, "batch_size": 8, "optimiser": "adamw", "lr": 0.001, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 0, "workers": 0, "save_every_steps": 200, "radius": 5}, "walk": {"beta": 16.0, "log_steps": 6, "radius": 5, "background": "constant", "alpha": 0.25, "power": 16.0, "working_side": 1024}, "labels": {"crf": "off", "crf_iterations": null, "gaussian_sxy": null, "gaussian_compat": null, "bilateral_sxy": null, "bilateral_srgb": null, "bilateral_compat": null, "processes": 0, "alpha": 0.2, "strong": 1.0, "weak": 1.0}, "segmentation": {"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "all", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 224, "jitter": 0.3, "epochs": 4, "batch_size": 8, "optimiser": "adamw", "lr": 0.0003, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 0, "workers": 0, "save_every_steps": 200, "head_dilation": 12, "head_channels": 128, "dropout": 0.1, "scale_min": 0.5, "scale_max": 1.5}, "test": {"crf": "off", "crf_iterations": null, "gaussian_sxy": null, "gaussian_compat": null, "bilateral_sxy": null, "bilateral_srgb": null, "bilateral_compat": null, "processes": 0, "scales": [1.0], "flip": true}, "last": "evaluate_segmentation"}', 'demo', NULL, 'pipeline-key', '94afccf1d2c71f4e497015b0d58f2019be2810335abe3e391088778942d3198a', 1760000004);
INSERT INTO public.pipeline (id, name, settings, dataset_id, cancel_requested_at, idempotency_key, payload_sha, created_at) VALUES ('62c168b9a9834ccbbcb974d89d6a703f', 'under way', '{"dataset": "demo", "split": "train", "images": 60, "val_split": "val", "val_images": 40, "checkpoint": null, "train": {"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "all", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 128, "jitter": 0.3, "epochs": 2, "batch_size": 16, "optimiser": "adamw", "lr": 0.0003, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 0, "workers": 0, "save_every_steps": 200, "dataset": "demo", "split": "train", "val_split": "val", "train_images": 128, "val_images": 24, "method": "ssenet", "rate": 0.5, "eta": 1.0, "ser_form": "official", "equivariance": "scale", "angle": 30.0, "dropout": 0.0, "scale_min": 128, "scale_max": 192}, "start_from_cam": true, "cams": {"scales": [1.0, 1.5], "flip": true, "relu_order": "fast", "labels": "given"}, "crf": {"crf": "psa", "crf_iterations": 5, "gaussian_sxy": null, "gaussian_compat": null, "bilateral_sxy": null, "bilateral_srgb": null, "bilateral_compat": null, "processes": 0, "alpha_low": 2.0, "alpha_high": 12.0}, "affinity": {"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "frozen", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 256, "jitter": 0.3, "epochs": 3, "batch_size": 8, "optimiser": "adamw", "lr": 0.001, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 0, "workers": 0, "save_every_steps": 200, "radius": 5}, "walk": {"beta": 16.0, "log_steps": 6, "radius": 5, "background": "constant", "alpha": 0.25, "power": 16.0, "working_side": 1024}, "labels": {"crf": "off", "crf_iterations": null, "gaussian_sxy": null, "gaussian_compat": null, "bilateral_sxy": null, "bilateral_srgb": null, "bilateral_compat": null, "processes": 0, "alpha": 0.2, "strong": 1.0, "weak": 1.0}, "segmentation": {"backbone": "tf_efficientnet_lite0", "stride": 16, "pretrained": true, "batch_norm": "all", "batch_norm_momentum": 0.1, "frozen_stages": 0, "crop": 224, "jitter": 0.3, "epochs": 4, "batch_size": 8, "optimiser": "adamw", "lr": 0.0003, "head_lr_factor": 10.0, "momentum": 0.9, "weight_decay": 0.0005, "poly_power": 0.9, "seed": 0, "workers": 0, "save_every_steps": 200, "head_dilation": 12, "head_channels": 128, "dropout": 0.1, "scale_min": 0.5, "scale_max": 1.5}, "test": {"crf": "off", "crf_iterations": null, "gaussian_sxy": null, "gaussian_compat": null, "bilateral_sxy": null, "bilateral_srgb": null, "bilateral_compat": null, "processes": 0, "scales": [1.0], "flip": true}, "last": "evaluate_segmentation"}', 'demo', NULL, NULL, '53128120eb0e95ed19219de221012ebc2fbef8dd2d2f0778946756d0207a5e4c', 1760000181);



INSERT INTO public.pipeline_stage (pipeline_id, "position", name, job_id, reused) VALUES ('531cf6aba1e44fcba5aeaf90fa150b7d', 0, 'train_cam', '7e8edab52e7b4323a8e46c1962bf7adb', false);
INSERT INTO public.pipeline_stage (pipeline_id, "position", name, job_id, reused) VALUES ('531cf6aba1e44fcba5aeaf90fa150b7d', 1, 'infer_cam', '85da0b24c59649029bce4801975a3523', false);
INSERT INTO public.pipeline_stage (pipeline_id, "position", name, job_id, reused) VALUES ('531cf6aba1e44fcba5aeaf90fa150b7d', 2, 'evaluate', '97df204ca6774ae893514b44c26709f2', false);
INSERT INTO public.pipeline_stage (pipeline_id, "position", name, job_id, reused) VALUES ('531cf6aba1e44fcba5aeaf90fa150b7d', 3, 'crf', '40d6beaa65b84db5b7de55bb0774aa75', false);
INSERT INTO public.pipeline_stage (pipeline_id, "position", name, job_id, reused) VALUES ('531cf6aba1e44fcba5aeaf90fa150b7d', 4, 'train_affinity', '2b7bb49bac02446093f075206ab6ebb5', false);
INSERT INTO public.pipeline_stage (pipeline_id, "position", name, job_id, reused) VALUES ('531cf6aba1e44fcba5aeaf90fa150b7d', 5, 'random_walk', 'f13828a344cd40b8ac39f991753ca8b7', false);
INSERT INTO public.pipeline_stage (pipeline_id, "position", name, job_id, reused) VALUES ('531cf6aba1e44fcba5aeaf90fa150b7d', 6, 'pseudo_labels', '8ad32b1395564af28a775a80b71c9cb0', false);
INSERT INTO public.pipeline_stage (pipeline_id, "position", name, job_id, reused) VALUES ('531cf6aba1e44fcba5aeaf90fa150b7d', 7, 'train_segmentation', '7588f1bdd4bf418ba94dacf7154c1625', false);
INSERT INTO public.pipeline_stage (pipeline_id, "position", name, job_id, reused) VALUES ('531cf6aba1e44fcba5aeaf90fa150b7d', 8, 'evaluate_segmentation', '85a81f9052194b33bbd2db97ded4a7af', false);
INSERT INTO public.pipeline_stage (pipeline_id, "position", name, job_id, reused) VALUES ('62c168b9a9834ccbbcb974d89d6a703f', 2, 'evaluate', NULL, false);
INSERT INTO public.pipeline_stage (pipeline_id, "position", name, job_id, reused) VALUES ('62c168b9a9834ccbbcb974d89d6a703f', 3, 'crf', NULL, false);
INSERT INTO public.pipeline_stage (pipeline_id, "position", name, job_id, reused) VALUES ('62c168b9a9834ccbbcb974d89d6a703f', 4, 'train_affinity', NULL, false);
INSERT INTO public.pipeline_stage (pipeline_id, "position", name, job_id, reused) VALUES ('62c168b9a9834ccbbcb974d89d6a703f', 5, 'random_walk', NULL, false);
INSERT INTO public.pipeline_stage (pipeline_id, "position", name, job_id, reused) VALUES ('62c168b9a9834ccbbcb974d89d6a703f', 6, 'pseudo_labels', NULL, false);
INSERT INTO public.pipeline_stage (pipeline_id, "position", name, job_id, reused) VALUES ('62c168b9a9834ccbbcb974d89d6a703f', 7, 'train_segmentation', NULL, false);
INSERT INTO public.pipeline_stage (pipeline_id, "position", name, job_id, reused) VALUES ('62c168b9a9834ccbbcb974d89d6a703f', 8, 'evaluate_segmentation', NULL, false);
INSERT INTO public.pipeline_stage (pipeline_id, "position", name, job_id, reused) VALUES ('62c168b9a9834ccbbcb974d89d6a703f', 0, 'train_cam', '2da21844d51b4dccbefa1d4956f2b1bf', false);
INSERT INTO public.pipeline_stage (pipeline_id, "position", name, job_id, reused) VALUES ('62c168b9a9834ccbbcb974d89d6a703f', 1, 'infer_cam', '93d4a103cb1e4038bfd63c501f594f32', false);



INSERT INTO public.ranking (id, checkpoint_id, other_id, dataset_id, job_id, record, rows_key, created_at) VALUES ('r', '5de4b31faf8648aa95b8532033dc1e94', 'demo-ssenet', 'demo', '713e9101d495465aa545c75273989366', '{"format": 1, "checkpoint": "A", "other": null, "classes": ["cat", "dog"], "images": 1, "measured": 1, "without_class": 0, "masks": false, "alpha": 0.2, "side": 128, "size_limits": null, "alphas": [0.2, 0.4], "agreement": [0.2, 0.4], "agreement_b": [], "protocol": {"dataset": "demo", "dataset_fingerprint": "f", "split": "val", "images": 3, "label_source": "predicted", "scales": [0.5, 1.0], "multi_scale": [0.5, 1.0], "flip": false, "relu_order": "fast", "aggregation": null, "normalisation": "eq3", "crf": null, "alpha_rule": "fixed 0.2", "absent_classes": "zero", "selection": null, "weights_sha256": "0000000000000000000000000000000000000000000000000000000000000000", "code_version": "0", "uses_ground_truth": false}, "protocol_b": null, "lineage": [], "created_at": "2026-11-23T11:13:13.456429Z"}', 'rankings/r.json', 1760000134);



INSERT INTO public.score (id, subject, job_id, dataset_id, checkpoint_id, set_id, record, counts_key, created_at) VALUES ('s-8ad32b1395564af28a775a80b71c9cb0', 'pseudo-labels', '8ad32b1395564af28a775a80b71c9cb0', 'demo', NULL, '546efbf7f07541e98a87860c94e286f2', '{"format": 1, "subject": "pseudo-labels", "classes": ["cat", "dog"], "image_ids": ["a", "b"], "confusion": [[4, 1, 1], [1, 4, 1], [1, 1, 4]], "protocol": {"dataset": "demo", "dataset_fingerprint": "f", "split": "train", "images": 2, "label_source": "given", "scales": [1.0], "multi_scale": [], "flip": false, "relu_order": "fast", "aggregation": null, "normalisation": "eq3", "crf": null, "alpha_rule": "fixed 0.2", "absent_classes": "zero", "selection": null, "weights_sha256": "0000000000000000000000000000000000000000000000000000000000000000", "code_version": "0", "uses_ground_truth": true}, "lineage": [{"kind": "pseudo_labels", "key": "0000000000000000000000000000000000000000000000000000000000000000", "settings": {}, "epoch": null, "weights_sha256": null}], "coverage": null, "created_at": "2026-11-23T11:13:13.338883Z"}', 'scores/8ad32b1395564af28a775a80b71c9cb0.npz', 1760000073);
INSERT INTO public.score (id, subject, job_id, dataset_id, checkpoint_id, set_id, record, counts_key, created_at) VALUES ('s-85a81f9052194b33bbd2db97ded4a7af', 'segmentation', '85a81f9052194b33bbd2db97ded4a7af', 'demo', 'a34001b55f4044d69432058d78896a60', 'bc004f4dc5434e14b548d6603a3e5005', '{"format": 1, "subject": "segmentation", "classes": ["cat", "dog"], "image_ids": ["a", "b"], "confusion": [[4, 1, 1], [1, 4, 1], [1, 1, 4]], "protocol": {"dataset": "demo", "dataset_fingerprint": "f", "split": "train", "images": 2, "label_source": "given", "scales": [1.0], "multi_scale": [], "flip": false, "relu_order": "fast", "aggregation": null, "normalisation": "eq3", "crf": null, "alpha_rule": "fixed 0.2", "absent_classes": "zero", "selection": null, "weights_sha256": "0000000000000000000000000000000000000000000000000000000000000000", "code_version": "0", "uses_ground_truth": true}, "lineage": [{"kind": "pseudo_labels", "key": "0000000000000000000000000000000000000000000000000000000000000000", "settings": {}, "epoch": null, "weights_sha256": null}], "coverage": null, "created_at": "2026-11-23T11:13:13.393752Z"}', 'scores/85a81f9052194b33bbd2db97ded4a7af.npz', 1760000096);



INSERT INTO public.worker (id, queue, pid, host, state, job_id, device, warm, started_at, heartbeat_at) VALUES ('train@old-host:42', 'train', 42, 'old-host', 'busy', 'cbdb111d288c44b6aeeceb9edbacfa60', 'cpu', true, 1760000000, 1760000600);
INSERT INTO public.worker (id, queue, pid, host, state, job_id, device, warm, started_at, heartbeat_at) VALUES ('infer@old-host:42', 'infer', 42, 'old-host', 'idle', NULL, 'cpu', true, 1760000000, 1760000600);



ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);



ALTER TABLE ONLY public.cam_request
    ADD CONSTRAINT pk_cam_request PRIMARY KEY (key);



ALTER TABLE ONLY public.checkpoint
    ADD CONSTRAINT pk_checkpoint PRIMARY KEY (id);



ALTER TABLE ONLY public.dataset
    ADD CONSTRAINT pk_dataset PRIMARY KEY (id);



ALTER TABLE ONLY public.evaluation
    ADD CONSTRAINT pk_evaluation PRIMARY KEY (id);



ALTER TABLE ONLY public.image
    ADD CONSTRAINT pk_image PRIMARY KEY (id);



ALTER TABLE ONLY public.image_set
    ADD CONSTRAINT pk_image_set PRIMARY KEY (id);



ALTER TABLE ONLY public.job
    ADD CONSTRAINT pk_job PRIMARY KEY (id);



ALTER TABLE ONLY public.job_event
    ADD CONSTRAINT pk_job_event PRIMARY KEY (job_id, seq);



ALTER TABLE ONLY public.pipeline
    ADD CONSTRAINT pk_pipeline PRIMARY KEY (id);



ALTER TABLE ONLY public.pipeline_stage
    ADD CONSTRAINT pk_pipeline_stage PRIMARY KEY (pipeline_id, "position");



ALTER TABLE ONLY public.ranking
    ADD CONSTRAINT pk_ranking PRIMARY KEY (id);



ALTER TABLE ONLY public.score
    ADD CONSTRAINT pk_score PRIMARY KEY (id);



ALTER TABLE ONLY public.worker
    ADD CONSTRAINT pk_worker PRIMARY KEY (id);



ALTER TABLE ONLY public.checkpoint
    ADD CONSTRAINT uq_checkpoint_job_id_step UNIQUE (job_id, step);



ALTER TABLE ONLY public.evaluation
    ADD CONSTRAINT uq_evaluation_job_id UNIQUE (job_id);



ALTER TABLE ONLY public.image_set
    ADD CONSTRAINT uq_image_set_job_id UNIQUE (job_id);



ALTER TABLE ONLY public.image
    ADD CONSTRAINT uq_image_sha UNIQUE (sha);



ALTER TABLE ONLY public.job
    ADD CONSTRAINT uq_job_idempotency_key UNIQUE (idempotency_key);



ALTER TABLE ONLY public.pipeline
    ADD CONSTRAINT uq_pipeline_idempotency_key UNIQUE (idempotency_key);



ALTER TABLE ONLY public.ranking
    ADD CONSTRAINT uq_ranking_job_id UNIQUE (job_id);



ALTER TABLE ONLY public.score
    ADD CONSTRAINT uq_score_job_id UNIQUE (job_id);



CREATE INDEX ix_cam_request_checkpoint_id ON public.cam_request USING btree (checkpoint_id);



CREATE INDEX ix_cam_request_image_id ON public.cam_request USING btree (image_id);



CREATE INDEX ix_cam_request_state_expires_at ON public.cam_request USING btree (state, expires_at);



CREATE INDEX ix_checkpoint_content_sha ON public.checkpoint USING btree (content_sha);



CREATE INDEX ix_checkpoint_created_at_id ON public.checkpoint USING btree (created_at, id);



CREATE INDEX ix_checkpoint_weights_key ON public.checkpoint USING btree (weights_key);



CREATE INDEX ix_evaluation_checkpoint_id ON public.evaluation USING btree (checkpoint_id);



CREATE INDEX ix_evaluation_created_at_id ON public.evaluation USING btree (created_at, id);



CREATE INDEX ix_evaluation_dataset_id ON public.evaluation USING btree (dataset_id);



CREATE INDEX ix_image_created_at_id ON public.image USING btree (created_at, id);



CREATE INDEX ix_image_set_created_at_id ON public.image_set USING btree (created_at, id);



CREATE INDEX ix_image_set_dataset_id ON public.image_set USING btree (dataset_id);



CREATE INDEX ix_image_set_key ON public.image_set USING btree (key);



CREATE INDEX ix_job_content_key ON public.job USING btree (content_key);



CREATE INDEX ix_job_created_at_id ON public.job USING btree (created_at, id);



CREATE INDEX ix_job_parent_id ON public.job USING btree (parent_id);



CREATE INDEX ix_job_state ON public.job USING btree (state);



CREATE INDEX ix_pipeline_created_at_id ON public.pipeline USING btree (created_at, id);



CREATE INDEX ix_pipeline_stage_job_id ON public.pipeline_stage USING btree (job_id);



CREATE INDEX ix_ranking_checkpoint_id ON public.ranking USING btree (checkpoint_id);



CREATE INDEX ix_ranking_created_at_id ON public.ranking USING btree (created_at, id);



CREATE INDEX ix_ranking_dataset_id ON public.ranking USING btree (dataset_id);



CREATE INDEX ix_ranking_other_id ON public.ranking USING btree (other_id);



CREATE INDEX ix_score_checkpoint_id ON public.score USING btree (checkpoint_id);



CREATE INDEX ix_score_created_at_id ON public.score USING btree (created_at, id);



CREATE INDEX ix_score_dataset_id ON public.score USING btree (dataset_id);



CREATE INDEX ix_score_set_id ON public.score USING btree (set_id);



ALTER TABLE ONLY public.checkpoint
    ADD CONSTRAINT fk_checkpoint_job_id_job FOREIGN KEY (job_id) REFERENCES public.job(id);



ALTER TABLE ONLY public.evaluation
    ADD CONSTRAINT fk_evaluation_checkpoint_id_checkpoint FOREIGN KEY (checkpoint_id) REFERENCES public.checkpoint(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.evaluation
    ADD CONSTRAINT fk_evaluation_job_id_job FOREIGN KEY (job_id) REFERENCES public.job(id);



ALTER TABLE ONLY public.image_set
    ADD CONSTRAINT fk_image_set_job_id_job FOREIGN KEY (job_id) REFERENCES public.job(id);



ALTER TABLE ONLY public.job_event
    ADD CONSTRAINT fk_job_event_job_id_job FOREIGN KEY (job_id) REFERENCES public.job(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.job
    ADD CONSTRAINT fk_job_parent_id_job FOREIGN KEY (parent_id) REFERENCES public.job(id);



ALTER TABLE ONLY public.pipeline_stage
    ADD CONSTRAINT fk_pipeline_stage_job_id_job FOREIGN KEY (job_id) REFERENCES public.job(id);



ALTER TABLE ONLY public.pipeline_stage
    ADD CONSTRAINT fk_pipeline_stage_pipeline_id_pipeline FOREIGN KEY (pipeline_id) REFERENCES public.pipeline(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.ranking
    ADD CONSTRAINT fk_ranking_checkpoint_id_checkpoint FOREIGN KEY (checkpoint_id) REFERENCES public.checkpoint(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.ranking
    ADD CONSTRAINT fk_ranking_job_id_job FOREIGN KEY (job_id) REFERENCES public.job(id);



ALTER TABLE ONLY public.ranking
    ADD CONSTRAINT fk_ranking_other_id_checkpoint FOREIGN KEY (other_id) REFERENCES public.checkpoint(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.score
    ADD CONSTRAINT fk_score_checkpoint_id_checkpoint FOREIGN KEY (checkpoint_id) REFERENCES public.checkpoint(id) ON DELETE SET NULL;



ALTER TABLE ONLY public.score
    ADD CONSTRAINT fk_score_job_id_job FOREIGN KEY (job_id) REFERENCES public.job(id);



ALTER TABLE ONLY public.score
    ADD CONSTRAINT fk_score_set_id_image_set FOREIGN KEY (set_id) REFERENCES public.image_set(id) ON DELETE CASCADE;




