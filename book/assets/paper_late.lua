-- What the site shows with HTML and CSS, on paper. paper.lua does what has to come before Quarto's own.
if quarto.doc.is_format("html:js") then return {} end

-- Typst gives columns that do not fit equal widths. If one holds sentences, it needs more than the others.
local function widths_by_text(grid)
  local letters, longest, sum = {}, 0, 0
  for _, row in ipairs(grid.bodies[1].body) do
    for i, cell in ipairs(row.cells) do
      local length = #pandoc.utils.stringify(cell.contents)
      letters[i], longest = (letters[i] or 0) + length, math.max(longest, length)
    end
  end
  if longest < 60 then return end
  for i, count in ipairs(letters) do
    letters[i] = math.sqrt(math.max(count / #grid.bodies[1].body, 16))
    sum = sum + letters[i]
  end
  return pandoc.List(letters):map(function(one) return one / sum end)
end

local on_paper = {
  -- In one document for all chapters, sections of the same name have the same id: no links to them.
  Link = function(link)
    if not link.target:match("^%a+:") then return link.content end
  end,
  Blocks = function(blocks) -- the title of a fold
    local after_summary = false
    return blocks:map(function(block)
      local title = after_summary and block.t == "Plain"
      after_summary = block.t == "RawBlock" and block.text == "<summary>"
      return title and pandoc.Para({ pandoc.Strong(block.content) }) or block
    end)
  end,
  Div = function(div)
    if not div.classes:includes("band") then return end
    div.content = div.content:filter(function(block) -- the key to a drawing that is all CSS
      local words = block.t == "Para" and block.content[1]
      return not (words and words.t == "Span" and words.classes:includes("note"))
    end)
    return div
  end,
  Para = function(words) -- the title of a tab or a fold stays with what is below it
    if #words.content == 1 and words.content[1].t == "Strong" then
      local open, close = "#block(above: 1em, below: 0.6em, sticky: true)[", "]"
      return { pandoc.RawBlock("typst", open), words, pandoc.RawBlock("typst", close) }
    end
  end,
  RawInline = function(raw)
    if raw.format == "html" and raw.text == "<br>" then return pandoc.LineBreak() end
  end,
  Table = function(grid) -- each column as wide as its words need
    local widths = #grid.colspecs > 4 and widths_by_text(grid) or {}
    for i, column in ipairs(grid.colspecs) do
      grid.colspecs[i] = { column[1], widths[i] }
    end
    for _, cell in ipairs(#grid.colspecs > 7 and grid.head.rows[1].cells or {}) do
      cell.contents = cell.contents:walk({ Space = function() return pandoc.LineBreak() end })
    end
    return grid
  end,
}

return {
  Pandoc = function(page)
    local file = assert(io.open(pandoc.path.join({ quarto.project.directory, "book/assets/paper.typ" })))
    page = page:walk(on_paper)
    page.blocks:insert(1, pandoc.RawBlock("typst", file:read("a")))
    file:close()
    return page
  end,
}
