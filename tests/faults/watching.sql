-- What only the database sees while a test runs: every rank that falls, every answer that is touched.
CREATE TABLE violation (what text, id bigint, told text, at timestamptz DEFAULT clock_timestamp());
CREATE FUNCTION watch_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.rank < OLD.rank THEN
    INSERT INTO violation (what, id, told) VALUES ('I4 rank fell', NEW.id, OLD.rank || ' to ' || NEW.rank);
  END IF;
  IF NEW.state = 'submitting' AND OLD.state <> 'pending' THEN
    INSERT INTO violation (what, id, told) VALUES ('claimed when not pending', NEW.id, OLD.state);
  END IF;
  IF NEW.state = 'pending' AND OLD.rank > 0 THEN
    INSERT INTO violation (what, id, told) VALUES ('to be sent again though accepted', NEW.id, OLD.state);
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER watch_message AFTER UPDATE ON message FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state OR OLD.rank IS DISTINCT FROM NEW.rank) EXECUTE FUNCTION watch_message();
CREATE FUNCTION watch_answer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO violation (what, id, told) VALUES ('I5 answer touched', OLD.id, TG_OP);
  RETURN NULL;
END $$;
CREATE TRIGGER watch_answer AFTER UPDATE OR DELETE ON safety_answer FOR EACH ROW EXECUTE FUNCTION watch_answer();
