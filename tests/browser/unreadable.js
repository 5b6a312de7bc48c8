// What of a page cannot be read: text that ends outside, is cut off, or lies over other text.
() => {
  const found = [], seen = [];
  const widest = document.documentElement.scrollWidth - innerWidth;
  if (widest > 0) found.push(`the page is ${widest} px wider than the window`);
  const drawn = document.createElement("canvas").getContext("2d");
  const hasRoom = (node, words) => {
    const style = getComputedStyle(node);
    drawn.font = style.font;
    const inner = parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
    return drawn.measureText(words).width <= node.clientWidth - inner + 1;
  };
  for (const node of document.querySelectorAll("body *")) {
    const style = getComputedStyle(node), box = node.getBoundingClientRect();
    if (!box.width || style.visibility === "hidden" || box.right < 0) continue;
    const words = (node.textContent || node.value || "").trim().slice(0, 40);
    const name = `${node.tagName.toLowerCase()} "${words}"`;
    if (box.right > innerWidth + 1) found.push(`${name} ends outside`);
    const hides = ["hidden", "clip"].includes(style.overflowX) || style.textOverflow === "ellipsis";
    // What an input has no room for can be reached by the keyboard.
    if (hides && node.tagName !== "INPUT" && node.scrollWidth > node.clientWidth + 1) {
      found.push(`${name} is cut off`);
    }
    if (node.tagName === "SELECT" && !hasRoom(node, node.selectedOptions[0]?.text || "")) {
      found.push(`the choice of ${node.name} is cut off`);
    }
    // An example may end early where a window is smaller than any telephone's: its hint is there.
    const isSmall = innerWidth < 360;
    if (node.tagName === "INPUT" && !node.value && !isSmall && !hasRoom(node, node.placeholder)) {
      found.push(`the example of ${node.name} is cut off`);
    }
    for (const part of node.childNodes) {
      if (part.nodeType !== Node.TEXT_NODE || !part.data.trim()) continue;
      const range = document.createRange();
      range.selectNodeContents(part);
      for (const line of range.getClientRects()) {
        if (line.width > 1 && line.right > 0) seen.push([line, name, node]);
      }
    }
    if (["INPUT", "SELECT", "BUTTON", "svg"].includes(node.tagName)) seen.push([box, name, node]);
  }
  for (const [first, one, node] of seen) {
    for (const [second, other, next] of seen) {
      if (node === next || node.contains(next) || next.contains(node)) continue;
      const across = Math.min(first.right, second.right) - Math.max(first.left, second.left);
      const down = Math.min(first.bottom, second.bottom) - Math.max(first.top, second.top);
      if (across > 1.5 && down > 4) found.push(`${one} lies over ${other}`);
    }
  }
  return [...new Set(found)];
}
