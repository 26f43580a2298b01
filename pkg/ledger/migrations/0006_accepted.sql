-- When the run accepted a notice last, kept by every commit that holds one: whether others
-- got through after a notice met a complaint is asked without reading attempts.
ALTER TABLE runs ADD COLUMN accepted INTEGER;
