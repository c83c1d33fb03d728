// The policy of this page forbids style attributes in markup. cm-chessboard sets some
// with setAttribute; the same text through the style object is allowed.
const setAttribute = SVGElement.prototype.setAttribute;
SVGElement.prototype.setAttribute = function (name: string, value: string) {
  if (name === "style") this.style.cssText = value;
  else setAttribute.call(this, name, value);
};
