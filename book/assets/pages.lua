-- What a page of a book needs beside Quarto's own: no dead link, and a heading above its references.
local name_of = "([%w_-]+%.qmd)"
-- In one document for all chapters, sections of the same name have the same id: no links to them.
local paper = not quarto.doc.is_format("html:js")

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

-- What the site shows with HTML and CSS.
local on_paper = {
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

function Pandoc(page)
  local chapters, cites = {}, false
  for _, item in ipairs(page.meta.book.render) do
    local file = item.file and pandoc.utils.stringify(item.file) or ""
    chapters[file:match(name_of) or ""] = true
  end
  page = page:walk({
    Link = function(link)
      local name = link.target:match("^[%w_./-]-" .. name_of)
      if name and not chapters[name] then -- the instructor has left it out of _quarto.yml
        local words = pandoc.utils.stringify(link)
        quarto.log.warning(name .. " is no chapter of this book: '" .. words .. "' is no link.")
        return link.content
      elseif paper and not link.target:match("^%a+:") then
        return link.content
      end
    end,
    Cite = function(cite)
      local reference = cite.citations[1].id:match("^%a+%-") -- such as @fig-01-idea
      cites = cites or not reference
    end,
  })
  if paper then
    local file = assert(io.open(pandoc.path.join({ quarto.project.directory, "book/assets/paper.typ" })))
    page = page:walk(on_paper)
    page.blocks:insert(1, pandoc.RawBlock("typst", file:read("a")))
    file:close()
    return page
  end
  -- Quarto puts the works that a page cites below its last section, without a heading.
  if cites then
    page.blocks:insert(pandoc.Header(2, "References", { id = "references", class = "unnumbered" }))
    page.blocks:insert(pandoc.Div({}, { id = "refs" }))
  end
  return page
end
