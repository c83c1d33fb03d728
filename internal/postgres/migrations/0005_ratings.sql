-- +goose Up

-- One row for each rating that a game changed, from its PlayerRated alone. A game of a
-- release before this table has none.
CREATE TABLE ratings (
    player_id  uuid             NOT NULL,
    game_id    uuid             NOT NULL,
    speed      text             NOT NULL,
    rated_at   timestamptz      NOT NULL, -- broker time of the command that told the result
    rating     double precision NOT NULL, -- after the game, like the next two
    deviation  double precision NOT NULL,
    volatility double precision NOT NULL,
    change     double precision NOT NULL, -- of the rating, by the game
    games      integer          NOT NULL, -- rated games at this speed, this one included
    PRIMARY KEY (player_id, game_id)
);

-- For a player's rating over time.
CREATE INDEX ratings_by_time ON ratings (player_id, speed, rated_at);

-- "rated" says what happened: an aborted game changed no rating.
UPDATE games SET rated = false WHERE rated AND (plies < 2 OR result = '*');
UPDATE player_games SET rated = false WHERE rated AND (plies < 2 OR result = 'none');

-- +goose Down
DROP TABLE ratings;
