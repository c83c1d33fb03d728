import { Chess, type Square } from "chess.js";
import { Accessibility } from "cm-chessboard/src/extensions/accessibility/Accessibility.js";
import { Arrows } from "cm-chessboard/src/extensions/arrows/Arrows.js";
import { MARKER_TYPE, Markers } from "cm-chessboard/src/extensions/markers/Markers.js";
import { PROMOTION_DIALOG_RESULT_TYPE, PromotionDialog } from "cm-chessboard/src/extensions/promotion-dialog/PromotionDialog.js";
import { RightClickAnnotator } from "cm-chessboard/src/extensions/right-click-annotator/RightClickAnnotator.js";
import { Chessboard, INPUT_EVENT_TYPE, type InputEvent } from "cm-chessboard/src/Chessboard.js";
import arrowsUrl from "cm-chessboard/assets/extensions/arrows/arrows.svg?url";
import markersUrl from "cm-chessboard/assets/extensions/markers/markers.svg?url";
import piecesUrl from "cm-chessboard/assets/pieces/standard.svg?url";
import { effect, type ReadonlySignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Color } from "../wire/types";
import type { Table } from "./table";

const marks = {
  last: { class: "mark-last", slice: "markerSquare" },
  check: { class: "mark-check", slice: "markerCircleFilled" },
  premove: { class: "mark-premove", slice: "markerSquare" },
};

const style = { cssClass: "tabiya", pieces: { file: piecesUrl }, showCoordinates: true };

function props(fen: string, orientation: Color, animationDuration: number) {
  return { position: fen, orientation: orientation[0], assetsUrl: "", style: { ...style, animationDuration } };
}

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** MiniBoard shows a position and takes no input. */
export function MiniBoard({ fen, label }: { fen: string; label: string }) {
  const at = useRef<HTMLDivElement>(null);
  const board = useRef<Chessboard>();
  useEffect(() => {
    board.current = new Chessboard(at.current!, { ...props(fen, "white", 200), style: { ...style, showCoordinates: false, animationDuration: calm() ? 0 : 200 } });
    return () => board.current!.destroy();
  }, []);
  useEffect(() => {
    board.current!.view.svg.setAttribute("aria-label", label);
    void board.current!.setPosition(fen, true);
  }, [fen, label]);
  return <div class="board mini" ref={at} />;
}

export function Board({ table, orientation }: { table: Table; orientation: ReadonlySignal<Color> }) {
  const at = useRef<HTMLDivElement>(null);
  useEffect(() => mount(at.current!, table, orientation), [table]);
  return <div class="board" ref={at} />;
}

/** Motion says whether the position changes by the player's own hand. */
interface Motion {
  own: boolean;
}

function mount(at: HTMLElement, table: Table, orientation: ReadonlySignal<Color>): () => void {
  const motion: Motion = { own: false };
  const board = new Chessboard(at, {
    ...props(table.fenShown.peek() ?? "8/8/8/8/8/8/8/8", orientation.peek(), calm() ? 0 : 120),
    extensions: [
      { class: Markers, props: { autoMarkers: MARKER_TYPE.frame, sprite: markersUrl } },
      { class: Arrows, props: { sprite: arrowsUrl } },
      { class: RightClickAnnotator },
      { class: PromotionDialog, props: { language: "en" } },
      { class: Accessibility, props: { language: "en", movePieceForm: false, boardAsTable: true, piecesAsList: true, keyboardMoveInput: true, brailleNotationInAlt: false } },
    ],
  });
  board.view.svg.setAttribute("aria-label", "Chessboard. Arrow keys move between squares, Enter picks a piece up and puts it down.");

  const stops = [
    effect(() => {
      const fen = table.fenShown.value;
      // The player's own piece lies where they put it: a click during an animation would
      // be lost.
      if (fen) void board.setPosition(fen, !motion.own);
    }),
    effect(() => {
      const color = orientation.value;
      if (board.getOrientation() !== color[0]) void board.setOrientation(color[0] as "w" | "b");
    }),
    effect(() => {
      mark(board, table);
    }),
    effect(() => {
      const color = table.color.value;
      const plays = !!color && !table.game.value?.over && table.looksAt.value === undefined;
      if (plays && !board.isMoveInputEnabled()) board.enableMoveInput((e) => input(board, table, motion, e), color[0] as "w" | "b");
      if (!plays && board.isMoveInputEnabled()) {
        board.cancelMoveInput();
        board.disableMoveInput();
      }
    }),
  ];
  const click = () => table.premoves.peek().length > 0 && table.cancelPremoves();
  at.addEventListener("contextmenu", click);
  return () => {
    stops.forEach((stop) => stop());
    at.removeEventListener("contextmenu", click);
    board.destroy();
  };
}

/** mark shows the last move, a check, and the premoves. */
function mark(board: Chessboard, table: Table) {
  const g = table.game.value;
  const looks = table.looksAt.value;
  const pending = looks === undefined ? table.pendingMove.value : undefined;
  const premoves = looks === undefined ? table.premoves.value : [];
  const fen = table.fenShown.value;
  for (const type of Object.values(marks)) board.removeMarkers(type);
  if (!g || !fen) return;
  const last = pending ?? g.plies[(looks ?? g.plies.length) - 1]?.uci;
  if (last) for (const square of [last.slice(0, 2), last.slice(2, 4)]) board.addMarker(marks.last, square);
  for (const m of premoves) for (const square of [m.from, m.to]) board.addMarker(marks.premove, square);
  if (premoves.length === 0) {
    const position = new Chess(fen);
    if (position.inCheck()) {
      const king = position.findPiece({ type: "k", color: position.turn() })[0];
      if (king) board.addMarker(marks.check, king);
    }
  }
}

/** input answers cm-chessboard's events while a piece is moved. */
function input(board: Chessboard, table: Table, motion: Motion, e: InputEvent): boolean {
  const g = table.game.peek();
  if (!g) return false;
  switch (e.type) {
    case INPUT_EVENT_TYPE.moveInputStarted:
      board.removeMarkers(MARKER_TYPE.dot);
      board.removeMarkers(MARKER_TYPE.bevel);
      if (table.myTurn.peek()) {
        for (const m of new Chess(g.fen).moves({ square: e.squareFrom as Square, verbose: true })) {
          board.addMarker(m.isCapture() ? MARKER_TYPE.bevel : MARKER_TYPE.dot, m.to);
        }
      }
      return true;
    case INPUT_EVENT_TYPE.validateMoveInput: {
      clearTargets(board);
      e.animate = false; // a click during the animation would be lost
      const piece = board.getPiece(e.squareFrom);
      const promotes = piece?.[1] === "p" && (e.squareTo[1] === "8" || e.squareTo[1] === "1");
      if (promotes && table.myTurn.peek() && isLegal(g.fen, e)) {
        ask(board, table, e);
        return true;
      }
      motion.own = true;
      const entered = table.enter(e.squareFrom, e.squareTo);
      motion.own = false;
      if (!entered && table.premoves.peek().length > 0) table.cancelPremoves();
      return entered;
    }
    case INPUT_EVENT_TYPE.moveInputCanceled:
    case INPUT_EVENT_TYPE.moveInputFinished:
      clearTargets(board);
      if (e.type === INPUT_EVENT_TYPE.moveInputFinished && table.fenShown.peek()) void board.setPosition(table.fenShown.peek()!, false);
      if (e.type === INPUT_EVENT_TYPE.moveInputCanceled && table.premoves.peek().length > 0) table.cancelPremoves();
  }
  return true;
}

function clearTargets(board: Chessboard) {
  board.removeMarkers(MARKER_TYPE.dot);
  board.removeMarkers(MARKER_TYPE.bevel);
}

function isLegal(fen: string, e: InputEvent): boolean {
  return new Chess(fen).moves({ square: e.squareFrom as Square, verbose: true }).some((m) => m.to === e.squareTo);
}

/** ask lets the player choose the piece of a promotion. */
function ask(board: Chessboard, table: Table, e: InputEvent) {
  board.showPromotionDialog(e.squareTo, table.color.peek()![0] as "w" | "b", (result) => {
    if (result.type === PROMOTION_DIALOG_RESULT_TYPE.pieceSelected && result.piece) table.enter(e.squareFrom, e.squareTo, result.piece[1]);
    void board.setPosition(table.fenShown.peek()!, false);
  });
}
