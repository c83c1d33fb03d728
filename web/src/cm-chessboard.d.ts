// cm-chessboard has no types of its own; these are of the part that is used here.
declare module "cm-chessboard/src/Chessboard.js" {
  export const COLOR: { white: "w"; black: "b" };
  export const INPUT_EVENT_TYPE: Record<"moveInputStarted" | "movingOverSquare" | "validateMoveInput" | "moveInputCanceled" | "moveInputFinished", string>;
  export interface InputEvent {
    type: string;
    squareFrom: string;
    squareTo: string;
    piece?: string;
    animate?: boolean;
  }
  export interface MarkerType {
    class: string;
    slice: string;
    position?: string;
  }
  export class Chessboard {
    constructor(context: HTMLElement, props: object);
    view: { svg: SVGElement };
    setPosition(fen: string, animated?: boolean): Promise<void>;
    setOrientation(color: "w" | "b", animated?: boolean): Promise<void>;
    getOrientation(): "w" | "b";
    getPiece(square: string): string | undefined;
    enableMoveInput(handler: (e: InputEvent) => boolean | void, color?: "w" | "b"): void;
    disableMoveInput(): void;
    isMoveInputEnabled(): boolean;
    cancelMoveInput(): void;
    addMarker(type: MarkerType, square: string): void;
    removeMarkers(type?: MarkerType, square?: string): void;
    showPromotionDialog(square: string, color: "w" | "b", done: (result: { type: string; piece?: string }) => void): void;
    destroy(): void;
  }
}
declare module "cm-chessboard/src/extensions/markers/Markers.js" {
  import type { MarkerType } from "cm-chessboard/src/Chessboard.js";
  export class Markers {}
  export const MARKER_TYPE: Record<"frame" | "framePrimary" | "frameDanger" | "circle" | "circlePrimary" | "circleDanger" | "square" | "dot" | "bevel", MarkerType>;
}
declare module "cm-chessboard/src/extensions/promotion-dialog/PromotionDialog.js" {
  export class PromotionDialog {}
  export const PROMOTION_DIALOG_RESULT_TYPE: { pieceSelected: string; canceled: string };
}
declare module "cm-chessboard/src/extensions/accessibility/Accessibility.js" {
  export class Accessibility {}
}
declare module "cm-chessboard/src/extensions/right-click-annotator/RightClickAnnotator.js" {
  export class RightClickAnnotator {}
}
declare module "cm-chessboard/src/extensions/arrows/Arrows.js" {
  export class Arrows {}
}
