// Tables are sorted by the exact values of their cells; without script they stay as they are.
document.querySelectorAll("thead button").forEach((button) => {
  button.addEventListener("click", () => {
    const head = button.closest("th"), table = head.closest("table");
    const place = [...head.parentNode.children].indexOf(head);
    const up = head.getAttribute("aria-sort") !== "ascending";
    table.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const key = (row) => row.children[place].dataset.value ?? row.children[place].textContent;
    const numeric = head.classList.contains("number");
    const compare = (a, b) => numeric ? Number(key(a) || 0) - Number(key(b) || 0)
      : key(a).localeCompare(key(b));
    const body = table.tBodies[0];
    [...body.rows].sort((a, b) => (up ? 1 : -1) * compare(a, b)).forEach((row) => body.append(row));
  });
});
