-- +goose Up

-- A player's rating at a speed after their last rated game: the row of ratings with the
-- most games. A trigger keeps it, so whatever writes ratings does, also an older release.
CREATE TABLE current_ratings (
    player_id uuid             NOT NULL,
    speed     text             NOT NULL,
    rated_at  timestamptz      NOT NULL,
    rating    double precision NOT NULL,
    deviation double precision NOT NULL,
    games     integer          NOT NULL,
    PRIMARY KEY (player_id, speed)
);

-- For leaderboards, with the condition of services/account/ratings/store.go, and for
-- the time of the latest rating.
CREATE INDEX current_ratings_leaders ON current_ratings (speed, rating DESC, player_id) WHERE deviation <= 75 AND games >= 30;
CREATE INDEX current_ratings_latest ON current_ratings (speed, rated_at);

-- +goose StatementBegin
CREATE FUNCTION keep_current_ratings() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO current_ratings AS c (player_id, speed, rated_at, rating, deviation, games)
    SELECT DISTINCT ON (player_id, speed) player_id, speed, rated_at, rating, deviation, games
    FROM fresh ORDER BY player_id, speed, games DESC
    ON CONFLICT (player_id, speed) DO UPDATE
    SET rated_at = excluded.rated_at, rating = excluded.rating, deviation = excluded.deviation, games = excluded.games
    WHERE c.games < excluded.games;
    RETURN NULL;
END
$$;
-- +goose StatementEnd

CREATE TRIGGER keep_current_ratings AFTER INSERT ON ratings
REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION keep_current_ratings();

INSERT INTO current_ratings (player_id, speed, rated_at, rating, deviation, games)
SELECT DISTINCT ON (player_id, speed) player_id, speed, rated_at, rating, deviation, games
FROM ratings ORDER BY player_id, speed, games DESC;

-- +goose Down
DROP TRIGGER keep_current_ratings ON ratings;
DROP FUNCTION keep_current_ratings();
DROP TABLE current_ratings;
